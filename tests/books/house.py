"""What a house does with a book: the jobs of one step, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIFF = frozenset({".tif", ".tiff"})
FRAKTUR = frozenset({"1003"})
LANGUAGES = {"1002": "lat"}
LANGUAGE_DEFAULT = "ger"


@dataclass(frozen=True, slots=True)
class Book:
    """A process folder with masters, a copy of one of the sample data."""

    id: str
    folder: Path

    @property
    def masters(self) -> Path:
        """The folder of its masters."""
        return next((self.folder / "images").glob("master_*_media"))

    @property
    def title(self) -> str:
        """The title of its process, by which Goobi names folders."""
        return self.masters.name.removeprefix("master_").removesuffix("_media")

    @property
    def pages(self) -> list[Path]:
        """Its masters."""
        return sorted(self.masters.iterdir())

    @property
    def truths(self) -> list[Path]:
        """The right texts of its pages, if there are any."""
        return sorted((self.folder / "ocr" / f"{self.title}_gt").glob("*.txt"))

    def read(self, page: str) -> str:
        """What was read on a page."""
        return (self.folder / "ocr" / f"{self.title}_txt" / f"{page}.txt").read_text(encoding="utf-8")


def chain_of(book: Book, process_id: int, step_id: int) -> dict[str, Any]:
    """One submission: the first job, and in `after` those that follow."""
    first, *after = _jobs(book)
    goobi = {"process_id": process_id, "step_id": step_id, "process_title": book.title}
    return {**first, "title": book.title, "project": "Sample data", "goobi": goobi, "after": after}


def _jobs(book: Book) -> Sequence[dict[str, Any]]:
    masters, whole = str(book.masters), str(book.folder)
    jp2 = str(book.folder / "images" / f"{book.title}_jp2")
    reading: dict[str, Any] = {
        "template": "fraktur" if book.id in FRAKTUR else "standard",
        "parameters": {} if book.id in FRAKTUR else {"language": LANGUAGES.get(book.id, LANGUAGE_DEFAULT)},
    }
    jobs: list[dict[str, Any]] = [
        {"plugin": "images", "source": masters, "destination": whole},
        {"plugin": "jp2", "template": "lossless", "source": masters, "destination": jp2},
        {"plugin": "jp2validation", "template": "lossless", "source": jp2, "destination": whole},
        {"plugin": "ocr", "source": masters, "destination": whole, **reading},
        {"plugin": "pdf", "template": "book", "source": whole, "destination": whole},
        {"plugin": "epub", "source": whole, "destination": whole},
        {"plugin": "checksums", "template": "list", "source": whole, "destination": whole},
    ]
    if all(page.suffix.lower() in TIFF for page in book.pages):
        jobs.insert(0, {"plugin": "tiffvalidation", "source": masters, "destination": whole})
    return jobs
