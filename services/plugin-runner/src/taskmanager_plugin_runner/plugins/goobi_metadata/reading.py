"""Reads METS, also in the form in which Goobi and Kitodo keep it (`meta.xml`).

Pages are the divisions of the structMap PHYSICAL below its root, in their ORDER; the structure is the
structMap LOGICAL; smLink says which pages belong to what. See the METS profiles of the DFG viewer and Goobi.
"""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager_plugin_runner.plugins.fulltext import xml_files
from taskmanager_plugin_runner.plugins.fulltext.xml_files import below, children
from taskmanager_plugin_runner.plugins.goobi_metadata import descriptions
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Description, Division, Work, WorkPage

_XLINK: Final = "{http://www.w3.org/1999/xlink}"
_NO_LABEL: Final = frozenset({"", "-", "uncounted", "[-]"})
"""What Goobi writes for pages without a printed number."""
_BYTES_MAX: Final = 64 * 1024 * 1024
"""Metadata are read in the process of the job itself."""
_PARENTS: Final = re.compile(r"multi.?volume|periodical|newspaper|year|month", re.IGNORECASE)
"""Types of divisions that only lead to the volume or issue at hand."""


def read(path: Path) -> Work:
    """The work that a file describes; raises JobFailedError if it is no METS or refers to what it lacks."""
    return _Reading(path).work()


class _Reading:
    def __init__(self, path: Path) -> None:
        self._name = path.name
        root = xml_files.require_root(xml_files.parse(path, most=_BYTES_MAX), "METS", path, "mets")
        self._sections = {one.get("ID", ""): one for one in children(root, "dmdSec")}
        self._maps = {one.get("TYPE", "").upper(): one for one in children(root, "structMap")}
        self._files = {one.get("ID", ""): _stem(one) for one in below(root, "file")}
        self._links: dict[str, list[str]] = {}
        for link in below(root, "smLink"):
            self._links.setdefault(link.get(f"{_XLINK}from", ""), []).append(link.get(f"{_XLINK}to", ""))

    def work(self) -> Work:
        found = self._maps.get("PHYSICAL")
        top = next(children(found, "div"), None) if found is not None else None
        places = [] if top is None else [one for one in below(top, "div") if self._is_page(one)]
        numbers = {id(one): xml_files.number(one, "ORDER", self._name) for one in places}
        places.sort(key=lambda one: (numbers[id(one)] is None, numbers[id(one)] or 0.0))
        pages = tuple(self._page(one) for one in places)
        self._index = {page.id: index for index, page in enumerate(pages)}
        logical = self._maps.get("LOGICAL")
        roots = list(children(logical, "div")) if logical is not None else []
        description = Description()
        while len(roots) == 1:
            description = self._description(roots[0]).below(description)
            inner = list(children(roots[0], "div"))
            if len(inner) != 1 or not _PARENTS.search(roots[0].get("TYPE", "")):
                break
            roots = inner
        return Work(self._name, description, pages, tuple(self._division(one) for one in roots))

    @staticmethod
    def _is_page(element: etree._Element) -> bool:
        kind = element.get("TYPE", "page").lower()
        leaf = not any(True for _ in children(element, "div"))
        return kind == "page" or (leaf and kind not in {"track", "area"})

    def _page(self, element: etree._Element) -> WorkPage:
        label = " ".join(element.get("ORDERLABEL", "").split())
        stems = []
        for pointer in children(element, "fptr"):
            file = pointer.get("FILEID", "")
            if file not in self._files:
                raise JobFailedError(document_texts.UNKNOWN_REFERENCE(name=self._name, id=file))
            stems.append(self._files[file])
        known = tuple(dict.fromkeys(stem for stem in stems if stem))
        return WorkPage(element.get("ID", ""), None if label.lower() in _NO_LABEL else label, known)

    def _description(self, element: etree._Element) -> Description:
        ids = element.get("DMDID", "").split()
        for one in ids:
            if one not in self._sections:
                raise JobFailedError(document_texts.UNKNOWN_REFERENCE(name=self._name, id=one))
        found = Description()
        for one in ids:
            found = found.completed_by(descriptions.read(self._sections[one]))
        return found

    def _division(self, element: etree._Element) -> Division:
        inner = tuple(self._division(one) for one in children(element, "div"))
        linked = [self._index[to] for to in self._links.get(element.get("ID", ""), ()) if to in self._index]
        linked += [one.first_page for one in inner if one.first_page is not None]
        label = " ".join((element.get("LABEL") or "").split()) or None
        return Division(
            element.get("TYPE", ""),
            label,
            self._description(element).title,
            min(linked, default=None),
            inner,
        )


def _stem(file: etree._Element) -> str:
    """The name of a file without folders and suffix, from whatever address it has."""
    location = next(children(file, "FLocat"), None)
    address = "" if location is None else location.get(f"{_XLINK}href", "")
    path = unquote(urlsplit(address).path) if "://" in address else address
    name = PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name
    return PurePosixPath(name).stem
