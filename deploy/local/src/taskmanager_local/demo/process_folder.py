"""A process folder as Goobi workflow lays it out: `<id>/images/master_<title>_media` and so on."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from taskmanager_local.commands import LocalStackError
from taskmanager_local.demo.book import draw_book

BOOK_TITLE = "basement"
IMAGE_ENDINGS = frozenset({".tif", ".tiff", ".jpg", ".jpeg", ".png"})


@dataclass(frozen=True)
class ProcessFolder:
    """One process: its number, its title and where its images are."""

    root: Path
    number: int
    title: str

    @property
    def folder(self) -> Path:
        """The folder of the process."""
        return self.root / str(self.number)

    @property
    def images(self) -> Path:
        """All image folders of the process."""
        return self.folder / "images"

    @property
    def ocr(self) -> Path:
        """The text of the pages, in folders by its form."""
        return self.folder / "ocr"

    @property
    def masters(self) -> Path:
        """The images as scanned."""
        return self.images / f"master_{self.title}_media"

    @property
    def derivatives(self) -> Path:
        """The images for the web, where Goobi looks for them."""
        return self.images / f"{self.title}_media"

    @property
    def jpeg2000(self) -> Path:
        """The images for preservation."""
        return self.images / f"{self.title}_jp2"

    @property
    def book(self) -> Path:
        """All pages as one PDF with their text."""
        return self.ocr / f"{self.title}_pdf" / f"{self.title}.pdf"


def new_process(root: Path, images: Path | None) -> ProcessFolder:
    """Make the next process below the root, with the drawn book or copies of the user's own images.

    Raises:
        LocalStackError: the folder of images is missing or contains none.
    """
    title = _title(images)
    process = ProcessFolder(root, _next_number(root), title)
    if images is None:
        draw_book(process.masters)
    else:
        _copy_images(images, process.masters)
    return process


def _next_number(root: Path) -> int:
    used = [int(folder.name) for folder in root.glob("*") if folder.name.isdecimal()]
    return max(used, default=0) + 1


def _title(images: Path | None) -> str:
    if images is None:
        return BOOK_TITLE
    return re.sub(r"[^A-Za-z0-9-]+", "-", images.resolve().name).strip("-") or "images"


def _copy_images(source: Path, masters: Path) -> None:
    if not source.is_dir():
        raise LocalStackError(f"{source} is not a folder")
    files = sorted(file for file in source.iterdir() if file.suffix.lower() in IMAGE_ENDINGS)
    if not files:
        raise LocalStackError(f"no images ({', '.join(sorted(IMAGE_ENDINGS))}) in {source}")
    masters.mkdir(parents=True)
    for file in files:
        shutil.copy2(file, masters / file.name)
