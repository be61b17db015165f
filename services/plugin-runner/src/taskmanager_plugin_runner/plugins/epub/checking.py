"""Reads an EPUB again, by other means than it was written, and checks the rules that can be checked here.

Not all of them: what epubcheck knows beyond these, only epubcheck can say.
"""

import posixpath
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.epub import texts

_OPF: Final = "{http://www.idpf.org/2007/opf}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_XHTML: Final = "{http://www.w3.org/1999/xhtml}"
_TYPE: Final = "{http://www.idpf.org/2007/ops}type"
_CONTAINER: Final = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_ARCHIVE: Final = b"PK\x03\x04"
_REQUIRED: Final = ("identifier", "title", "language")


def require_sound(path: Path, pages: int, letters: Counter[str]) -> None:
    """Raise JobFailedError for anything that is not as it should be.

    `pages` is the number of page breaks, `letters` are those of all paragraphs.
    """
    for problem in _problems(path, pages, letters):
        raise JobFailedError(texts.NOT_SOUND(error=problem))


def _problems(path: Path, pages: int, letters: Counter[str]) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        if (first.filename, first.compress_type) != ("mimetype", zipfile.ZIP_STORED) or first.extra:
            yield "the first entry is not a plain mimetype"
        if archive.read("mimetype") != b"application/epub+zip":
            yield "the mimetype is another"
        if damaged := archive.testzip():
            yield f"{damaged} is damaged"
        container = ET.fromstring(archive.read("META-INF/container.xml"))  # noqa: S314 - made by the job
        rootfile = next(container.iter(f"{_CONTAINER}rootfile")).get("full-path", "")
        yield from _problems_of_package(archive, rootfile, pages, letters)


def _problems_of_package(
    archive: zipfile.ZipFile, rootfile: str, pages: int, letters: Counter[str]
) -> Iterator[str]:
    package = ET.fromstring(archive.read(rootfile))  # noqa: S314 - made by the job
    for name in _REQUIRED:
        if not any((one.text or "").strip() for one in package.iter(f"{_DC}{name}")):
            yield f"dc:{name} is missing"
    base = posixpath.dirname(rootfile)
    items = {
        one.get("id", ""): posixpath.join(base, one.get("href", "")) for one in package.iter(f"{_OPF}item")
    }
    there = set(archive.namelist()) - {"mimetype", "META-INF/container.xml", rootfile}
    if set(items.values()) != there or len(items) != len(there):
        yield "the manifest does not name exactly the files that are there"
    spine = [items.get(one.get("idref", ""), "") for one in package.iter(f"{_OPF}itemref")]
    roots = {name: ET.fromstring(archive.read(name)) for name in spine}  # noqa: S314 - made by the job
    ids = {name: [one.get("id") for one in root.iter() if one.get("id")] for name, root in roots.items()}
    if any(len(set(found)) != len(found) for found in ids.values()):
        yield "an id occurs twice in a file"
    breaks = sum(one.get(_TYPE) == "pagebreak" for root in roots.values() for one in root.iter())
    if breaks != pages:
        yield f"{breaks} page breaks instead of {pages}"
    if (found := _letters(roots.values())) != letters:
        lost, added = (letters - found).total(), (found - letters).total()
        yield f"{lost} characters of the text are missing, {added} too many"
    roots[items["nav"]] = ET.fromstring(archive.read(items["nav"]))  # noqa: S314 - made by the job
    for name, root in roots.items():
        for address in _resources(root):
            if posixpath.normpath(posixpath.join(posixpath.dirname(name), address)) not in there:
                yield f"{name} refers to {address}, which is not there"
    yield from _problems_of_links(roots[items["nav"]], base, ids, pages)


def _resources(root: ET.Element) -> Iterator[str]:
    """The addresses of pictures and style sheets."""
    yield from (one.get("src", "") for one in root.iter(f"{_XHTML}img"))
    yield from (one.get("href", "") for one in root.iter(f"{_XHTML}link"))


def _problems_of_links(
    nav: ET.Element, base: str, ids: dict[str, list[str | None]], pages: int
) -> Iterator[str]:
    kinds = {one.get(_TYPE): one for one in nav.iter(f"{_XHTML}nav")}
    if missing := {"toc", "page-list"} - kinds.keys():
        yield f"the navigation has no {', '.join(sorted(missing))}"
        return
    for link in nav.iter(f"{_XHTML}a"):
        address, _, anchor = link.get("href", "").partition("#")
        file = posixpath.normpath(posixpath.join(base, address))
        if file not in ids or (anchor and anchor not in ids[file]):
            yield f"a link leads to nothing: {link.get('href')}"
        if not (link.text or "").strip():
            yield f"a link has no text: {link.get('href')}"
    listed = sum(1 for _ in kinds["page-list"].iter(f"{_XHTML}a"))
    if listed != pages:
        yield f"the list of pages has {listed} entries instead of {pages}"


def _letters(roots: Iterable[ET.Element]) -> Counter[str]:
    found: Counter[str] = Counter()
    for root in roots:
        for one in root.iter():
            if one.tag in {f"{_XHTML}p", f"{_XHTML}h2"}:
                found.update("".join("".join(one.itertext()).split()))
    return found


def epubcheck_command() -> list[str] | None:
    """How epubcheck is started; None if it is not installed.

    Debian's is an archive of Java that only a kernel with binfmt_misc starts, which containers do not have.
    """
    found = shutil.which("epubcheck")
    if found is None:
        return None
    with Path(found).open("rb") as program:
        is_archive = program.read(len(_ARCHIVE)) == _ARCHIVE
    return ["java", "-jar", found] if is_archive else [found]


def epubcheck(context: JobContext, path: Path, time_limit: timedelta) -> None:
    """Have epubcheck judge it; raises JobFailedError with what it says, also about warnings."""
    command = epubcheck_command() or ["epubcheck"]
    try:
        context.run_tool([*command, "--failonwarnings", path], time_limit=time_limit)
    except ToolFailedError as error:
        raise JobFailedError(texts.NOT_SOUND(error=f"epubcheck: {error}"[:900])) from error
