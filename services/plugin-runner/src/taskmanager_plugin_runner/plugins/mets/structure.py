"""What METS prescribes and no schema is needed to see: identifiers, references, and what a file must have.

After the METS schema 1.12 of the Library of Congress and the METS profile of the DFG viewer.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from lxml import etree

from taskmanager.plugin_api.existing_results import listed
from taskmanager_plugin_runner.plugins.mets import texts
from taskmanager_plugin_runner.plugins.mets.document import METS, XLINK, name

_DESCRIPTIONS: Final = frozenset({"dmdSec"})
_ADMINISTRATION: Final = frozenset({"amdSec", "techMD", "rightsMD", "sourceMD", "digiprovMD"})
_REFERENCES: Final = {"DMDID": _DESCRIPTIONS, "ADMID": _ADMINISTRATION, "FILEID": frozenset({"file"})}
"""Attributes whose words name elements of these kinds."""


def faults(root: etree._Element) -> Iterator[str]:
    """What is wrong with the document; nothing else is looked at if its root is not mets."""
    if root.tag != name("mets"):
        yield texts.NOT_METS(found=root.tag)
        return
    if root.find(f"{name('structMap')}/{name('div')}") is None:
        yield texts.NO_STRUCTURE()
    known: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for element in _of_mets(root):
        identifier = element.get("ID")
        if identifier is not None:
            counts[identifier] += 1
            known.setdefault(identifier, set()).add(etree.QName(element).localname)
    yield from (texts.ID_TWICE(id=one) for one, number in counts.items() if number > 1)
    for element in _of_mets(root):
        yield from _references(element, known)
    for file in root.iter(name("file")):
        yield from _incomplete(file)


def notes(root: etree._Element) -> Iterator[str]:
    """What is odd about it without being wrong."""
    used = {word for one in root.iter(name("fptr"), name("area")) for word in one.get("FILEID", "").split()}
    unused = [one.get("ID", "") for one in root.iter(name("file")) if one.get("ID") not in used]
    if unused:
        yield texts.UNUSED(number=len(unused), names=listed(unused))
    for whole in root.findall(name("structMap")):
        if whole.get("TYPE", "").upper() != "PHYSICAL":
            continue
        for above in whole.iter(name("div")):
            orders = Counter(one.get("ORDER") for one in above.findall(name("div")) if one.get("ORDER"))
            yield from (texts.ORDER_TWICE(order=one) for one, number in orders.items() if number > 1)


def _of_mets(root: etree._Element) -> Iterator[etree._Element]:
    """The elements of METS itself: what is wrapped in them has identifiers of its own."""
    yield from root.iter(f"{{{METS}}}*")


def _references(element: etree._Element, known: dict[str, set[str]]) -> Iterator[str]:
    for attribute, kinds in _REFERENCES.items():
        for word in element.get(attribute, "").split():
            if not known.get(word, set()) & kinds:
                yield texts.REFERENCE(
                    line=element.sourceline, attribute=attribute, id=word, kind=" / ".join(sorted(kinds))
                )
    if element.tag == name("smLink"):
        for end in ("from", "to"):
            word = element.get(f"{{{XLINK}}}{end}", "")
            if word not in known:
                yield texts.REFERENCE(line=element.sourceline, attribute=f"xlink:{end}", id=word, kind="ID")


def _incomplete(file: etree._Element) -> Iterator[str]:
    line = file.sourceline
    if not file.get("ID"):
        yield texts.FILE_WITHOUT(line=line, what="ID")
    places = file.findall(name("FLocat"))
    if not places and file.find(name("FContent")) is None and file.find(name("file")) is None:
        yield texts.FILE_WITHOUT(line=line, what="FLocat")
    for place in places:
        for attribute in ("LOCTYPE", f"{{{XLINK}}}href"):
            if not place.get(attribute):
                yield texts.FILE_WITHOUT(line=place.sourceline, what=etree.QName(attribute).localname)
    if file.get("CHECKSUM") and not file.get("CHECKSUMTYPE"):
        yield texts.FILE_WITHOUT(line=line, what="CHECKSUMTYPE")
