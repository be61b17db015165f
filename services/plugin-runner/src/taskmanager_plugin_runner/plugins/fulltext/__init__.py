"""The text of a page with the places of its words: one model, the reader of ALTO, and its writer.

Knows no plugin. `model` has what every reader returns; `alto_reading` reads ALTO 1 to 4, `alto_writing`
writes ALTO 4.4; `xml_files` opens XML without entities and network.
"""
