"""Makes one PDF of the PDFs of all pages, with bookmarks, page labels, metadata and an output intent.

Pages are joined in groups, so that memory and open files stay few: what is joined stays in the files of the
groups until the book is written. Runs in a child process.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pikepdf
import pyvips
from pikepdf import Array, Dictionary, Name, OutlineItem

from taskmanager_plugin_runner.plugins.goobi_metadata.bookmarks import Bookmark
from taskmanager_plugin_runner.plugins.goobi_metadata.languages import UNKNOWN, bcp47
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Description
from taskmanager_plugin_runner.plugins.pdf import glyphless
from taskmanager_plugin_runner.plugins.pdf.labels import label_ranges
from taskmanager_plugin_runner.plugins.pdf.text_layer import FONT

_GROUP: Final = 100
_PROGRAM: Final = "Goobi TaskManager"


@dataclass(frozen=True, slots=True)
class BookFacts:
    """What a book has beyond its pages."""

    title: str
    description: Description
    bookmarks: tuple[Bookmark, ...]
    labels: tuple[str | None, ...]


def join(pages: Sequence[Path], facts: BookFacts, folder: Path, target: Path) -> None:
    """Write the book to `target`; `folder` takes the files of the groups.

    Pages that have become a part of a group are removed, so that there is never more than two of everything.
    """
    groups = [pages[start : start + _GROUP] for start in range(0, len(pages), _GROUP)]
    if len(groups) == 1:
        _write(pages, target, facts)
        return
    files = []
    for number, group in enumerate(groups):
        file = folder / f"group-{number:05d}.pdf"
        _write(group, file, None)
        files.append(file)
        for page in group:
            page.unlink()
    _write(files, target, facts)


def _write(files: Sequence[Path], target: Path, facts: BookFacts | None) -> None:
    with ExitStack() as opened:
        made = opened.enter_context(pikepdf.new())
        for file in files:
            source = pikepdf.open(
                file, access_mode=pikepdf.AccessMode.stream
            )  # mapped, it would count as memory
            made.pages.extend(opened.enter_context(source).pages)
        _share_font(made)
        if facts is not None:
            _complete(made, facts)
        made.save(
            target,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            min_version="1.7",
        )


def _share_font(pdf: pikepdf.Pdf) -> None:
    """One font for all pages that have no codes of their own."""
    common = None
    for page in pdf.pages:
        fonts = page.Resources.get(Name.Font)
        if fonts is None or FONT not in fonts or glyphless.OWN_CODES in fonts[FONT]:
            continue
        common = common if common is not None else glyphless.font(pdf, {})
        fonts[FONT] = common


def _complete(pdf: pikepdf.Pdf, facts: BookFacts) -> None:
    root = pdf.Root
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    language = bcp47(facts.description.languages)[0]
    if language != UNKNOWN:
        root.Lang = pikepdf.String(language)
    if facts.bookmarks:
        root.PageMode = Name.UseOutlines
        with pdf.open_outline() as outline:
            outline.root.extend(map(_item, facts.bookmarks))
    ranges = label_ranges(facts.labels)
    if ranges:
        numbers: list[object] = []
        for one in ranges:
            entry = Dictionary()
            if one.style is not None:
                entry.S, entry.St = Name(f"/{one.style}"), one.start
            elif one.prefix:
                entry.P = pikepdf.String(one.prefix)
            numbers += [one.first, entry]
        root.PageLabels = Dictionary(Nums=Array(numbers))
    _add_output_intent(pdf)
    _add_metadata(pdf, facts)


def _item(mark: Bookmark) -> OutlineItem:
    item = OutlineItem(mark.title, mark.page)
    item.children.extend(map(_item, mark.children))
    return item


def _add_output_intent(pdf: pikepdf.Pdf) -> None:
    """What the colours mean where a picture has no profile of its own: sRGB."""
    profile = pdf.make_stream(pyvips.Operation.call("profile_load", "srgb"))
    profile.N = 3
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=pikepdf.String("sRGB IEC61966-2.1"),
        Info=pikepdf.String("sRGB IEC61966-2.1"),
        RegistryName=pikepdf.String("http://www.color.org"),
        DestOutputProfile=profile,
    )
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])


def _add_metadata(pdf: pikepdf.Pdf, facts: BookFacts) -> None:
    """The same in XMP and in the older dictionary, which pikepdf keeps equal."""
    said, now = facts.description, datetime.now(UTC).isoformat(timespec="seconds")
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = facts.title
        metadata["dc:format"] = "application/pdf"
        for name, values in (
            ("dc:creator", list(said.authors)),
            ("dc:publisher", {said.publisher} if said.publisher else None),
            ("dc:date", [said.date] if said.date else None),
            ("dc:language", set(bcp47(said.languages)) - {UNKNOWN}),
        ):
            if values:
                metadata[name] = values
        if said.identifiers:
            metadata["dc:identifier"] = said.identifiers[0]
        if said.rights:
            metadata["dc:rights"] = said.rights
        metadata["xmp:CreatorTool"] = _PROGRAM
        metadata["xmp:CreateDate"] = metadata["xmp:ModifyDate"] = now
        metadata["pdf:Producer"] = (
            f"{_PROGRAM} {version('taskmanager-plugin-runner')}, pikepdf {pikepdf.__version__}"
        )
