"""Problems with texts and metadata of a work: ALTO and its like, METS."""

from taskmanager.model.reasons.coded_text import TextFamily

DOCUMENTS = TextFamily("document", "What is wrong with the text of a page, or with the metadata of a work.")
_text = DOCUMENTS.text

NOT_WELL_FORMED = _text("not_well_formed", "%(name)s is not well-formed XML: %(error)s")
TOO_LARGE = _text("too_large", "%(name)s has %(size)s; at most %(most)s are read")
DECLARES_ENTITIES = _text("declares_entities", "%(name)s declares entities, which are not read")
OTHER_DOCUMENT = _text("other_document", "%(name)s is no %(wanted)s: its root element is %(found)s")
NO_NUMBER = _text(
    "no_number", "line %(line)s of %(name)s: %(attribute)s is %(value)s, which is no usable number"
)
NO_PAGE = _text("no_page", "%(name)s describes no page")
SEVERAL_PAGES = _text("several_pages", "%(name)s describes %(number)s pages instead of one")
UNKNOWN_REFERENCE = _text("unknown_reference", "%(name)s refers to %(id)s, which it does not describe")
PAGES_WITHOUT_PICTURE = _text(
    "pages_without_picture",
    "%(number)s page(s) of %(name)s have no picture (%(pages)s): check the folder of pictures",
)
PICTURES_WITHOUT_PAGE = _text(
    "pictures_without_page",
    "%(number)s picture(s) are no page of %(name)s (%(pages)s): check the metadata",
)
TEXTS_WITHOUT_PAGE = _text(
    "texts_without_page", "%(number)s text(s) are no page of %(name)s (%(pages)s): check the metadata"
)
NOT_AS_ALTO = _text("not_as_alto", "line %(line)s of %(name)s is not as ALTO 4 prescribes: %(error)s")
NO_PLACE = _text("no_place", "line %(line)s of %(name)s: %(value)s is no place on a page")
