"""The readers, one for each format: `abbyy`, `hocr`, `page_xml`; `choice` finds out which a file needs.

Each returns pages of `fulltext.model`, strict about numbers and references, and counts what it leaves out.
"""
