"""Which pages a PDF has, in which order, with which text and label. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import document_texts
from taskmanager.plugin_api.existing_results import listed
from taskmanager_plugin_runner.plugins.goobi_metadata.matching import match
from taskmanager_plugin_runner.plugins.goobi_metadata.model import Work
from taskmanager_plugin_runner.plugins.pdf import texts
from taskmanager_plugin_runner.plugins.pdf.parameters import chosen_pages


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """One page of the PDF: its picture, its text if there is one, and its printed number.

    `of_work` is the index of its page in the metadata, None without.
    """

    picture: Path
    text: Path | None
    label: str | None
    of_work: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All pages of the PDF, and what is to be said about the choice."""

    pages: tuple[PlannedPage, ...]
    warnings: tuple[str, ...]


def plan(
    pictures: Sequence[Path],
    text_files: Sequence[Path],
    work: Work,
    chosen: str | None,
    *,
    refuse_mismatch: bool,
) -> Plan:
    """Put the pages in order; raises JobFailedError, which names pages, if something does not fit together.

    `chosen` is the parameter `pages`.
    """
    by_stem = _by_stem(pictures)
    by_text = {_text_stem(file, by_stem): file for file in text_files}
    order, without_picture, without_page = match(list(by_stem), work)
    warnings: list[str] = []
    for code, names in (
        (document_texts.PAGES_WITHOUT_PICTURE, without_picture),
        (document_texts.PICTURES_WITHOUT_PAGE, without_page),
    ):
        if names:
            said = code(number=len(names), name=work.name, pages=listed(names))
            if refuse_mismatch:
                raise JobFailedError(said)
            warnings.append(said)
    if left := [file.name for stem, file in by_text.items() if stem not in by_stem]:
        warnings.append(texts.TEXTS_WITHOUT_PAGE(number=len(left), names=listed(left)))
    pages = [
        PlannedPage(by_stem[stem], by_text.get(stem), _label(work, index), index) for stem, index in order
    ]
    try:
        wanted = chosen_pages(chosen, len(pages))
    except ValueError as error:
        raise JobFailedError(texts.NO_SUCH_PAGES(pages=error, number=len(pages))) from error
    return Plan(tuple(pages[index] for index in wanted), tuple(warnings))


def _by_stem(pictures: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for picture in pictures:
        if (other := found.setdefault(picture.stem, picture)) is not picture:
            raise JobFailedError(texts.SAME_PAGE(name=other.name, other=picture.name))
    return found


def _text_stem(file: Path, by_stem: dict[str, Path]) -> str:
    """`0001.xml` is the text of `0001.tif`, and so is `0001.tif.xml`."""
    return Path(file.stem).stem if file.stem not in by_stem else file.stem


def _label(work: Work, index: int | None) -> str | None:
    return None if index is None else work.pages[index].label
