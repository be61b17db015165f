"""The two kinds of descriptions in METS files of libraries: MODS, and Goobi's names in an extension of it.

Goobi's names are those of its usual rule sets; what a rule set calls otherwise is not found.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from taskmanager_plugin_runner.plugins.fulltext.xml_files import below, children, local
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Description

_TITLES: Final = ("TitleDocMain", "MainTitle", "TitleDocMainShort")
_SUBTITLES: Final = ("TitleDocSub1", "SubTitle")
_PEOPLE: Final = ("Author", "Composer", "Artist", "Editor")
"""The first of these that names anybody counts as the authors."""
_PUBLISHERS: Final = ("PublisherName",)
_PLACES: Final = ("PlaceOfPublication",)
_DATES: Final = ("PublicationYear", "PublicationStart")
_LANGUAGES: Final = ("DocLanguage",)
_IDENTIFIERS: Final = ("_urn", "URN", "CatalogIDDigital", "CatalogIDSource")
_RIGHTS: Final = ("AccessCondition", "AccessLicense", "RightsStatement", "ulb_copyright_link")
_URI: Final = "{http://www.w3.org/1999/xlink}href"


def read(section: etree._Element) -> Description:
    """The description in a dmdSec."""
    goobi = next(below(section, "goobi"), None)
    if goobi is not None:
        return _read_goobi(goobi)
    mods = next(below(section, "mods"), None)
    return _read_mods(mods) if mods is not None else Description()


def _read_mods(mods: etree._Element) -> Description:
    origins = [one for one in children(mods, "originInfo") if not _is_of_the_copy(one)]
    dates = [date for one in origins for date in children(one, "dateIssued", "dateCreated")]
    dates.sort(key=lambda date: date.get("keyDate") != "yes")
    names = [one for one in children(mods, "name") if _text(one)]
    authors = [one for one in names if {"aut", "cmp", "art"} & set(_texts(below(one, "roleTerm")))]
    conditions = [
        one for one in children(mods, "accessCondition") if one.get("type") == "use and reproduction"
    ]
    return Description(
        _mods_title(mods),
        tuple(_mods_name(one) for one in authors or names[:1]),
        _first(_texts(one for origin in origins for one in children(origin, "publisher"))),
        _first(_texts(one for origin in origins for one in below(origin, "placeTerm") if _is_words(one))),
        _first(_texts(dates)),
        tuple(_texts(one for tag in children(mods, "language") for one in below(tag, "languageTerm"))),
        tuple(_texts(children(mods, "identifier"))),
        next((one.get(_URI) or _text(one) for one in conditions), None),
    )


def _is_of_the_copy(origin: etree._Element) -> bool:
    """Whether it is about the digital copy: its edition says so, or it has the date of capture."""
    said = " ".join(_texts(children(origin, "edition"))).lower()
    return "electronic" in said or any(True for _ in children(origin, "dateCaptured"))


def _is_words(place: etree._Element) -> bool:
    return bool(place.get("type") != "code")


def _mods_title(mods: etree._Element) -> str | None:
    for info in children(mods, "titleInfo"):
        if info.get("type") is None and (main := _first(_texts(children(info, "title")))):
            before = _first(_texts(children(info, "nonSort")))
            after = _first(_texts(children(info, "subTitle")))
            number = _first(_texts(children(info, "partNumber")))
            title = f"{before} {main}" if before else main
            title = f"{title}: {after}" if after else title
            return f"{title}. {number}" if number else title
    return None


def _mods_name(name: etree._Element) -> str:
    shown = _first(_texts(children(name, "displayForm")))
    if shown:
        return shown
    parts = {one.get("type"): _text(one) for one in children(name, "namePart")}
    family, given = parts.get("family"), parts.get("given")
    if family and given:
        return f"{given} {family}"
    return " ".join(text for text in _texts(children(name, "namePart")))


def _read_goobi(goobi: etree._Element) -> Description:
    entries = [entry for entry in children(goobi, "metadata") if entry.get("name")]

    def values(names: Iterable[str]) -> list[str]:
        return [_text(one) for name in names for one in entries if one.get("name") == name and _text(one)]

    title, subtitle = _first(values(_TITLES)), _first(values(_SUBTITLES))
    people = next((found for role in _PEOPLE if (found := list(_people(entries, role)))), [])
    return Description(
        f"{title}: {subtitle}" if title and subtitle else title,
        tuple(people),
        _first(values(_PUBLISHERS)),
        _first(values(_PLACES)),
        _first(values(_DATES)),
        tuple(values(_LANGUAGES)),
        tuple(values(_IDENTIFIERS)),
        _first(values(_RIGHTS)),
    )


def _people(entries: Iterable[etree._Element], role: str) -> Iterator[str]:
    """Names of people in a role: Goobi writes elements, Kitodo a group of metadata."""
    for entry in entries:
        if entry.get("name") != role:
            continue
        parts = {local(one): _text(one) for one in children(entry) if _text(one)}
        group = {one.get("name", "").rpartition("_")[2]: _text(one) for one in children(entry) if _text(one)}
        given = parts.get("firstName") or group.get("Firstname")
        family = parts.get("lastName") or group.get("Lastname")
        shown = " ".join(part for part in (given, family) if part) if family else None
        found = shown or parts.get("displayName") or group.get("Expansion") or group.get("Title")
        if found:
            yield found


def _text(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _texts(elements: Iterable[etree._Element]) -> list[str]:
    return [text for one in elements if (text := _text(one))]


def _first(texts: list[str]) -> str | None:
    return texts[0] if texts else None
