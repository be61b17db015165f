"""What METS or Goobi's `meta.xml` say about a work: title and people, pages in order, structure.

Knows no plugin and no picture. `model` has the values, `reading` reads a file, `descriptions` the two kinds
of descriptions in it. `matching` finds which picture is which page.
"""
