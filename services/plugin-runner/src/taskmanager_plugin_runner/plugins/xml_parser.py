"""How XML that came from elsewhere is parsed: no entity is replaced, and nothing is loaded for it."""

from lxml import etree


def hardened_parser(*, keep_blanks: bool = True, huge: bool = False) -> etree.XMLParser:
    """A parser for one file of others.

    `keep_blanks`: text that is nothing but space counts. `huge`: without libxml2's limits on the depth of a
    tree and the length of a text, for what our own tools have written.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_blank_text=not keep_blanks,
        huge_tree=huge,
    )
