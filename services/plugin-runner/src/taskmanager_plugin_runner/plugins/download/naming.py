"""How the files of a download are ordered and called. Pure."""

from pathlib import Path, PurePosixPath
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.files.listing import natural
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.pictures.formats import SUFFIXES

_SUFFIX_OF: Final = {
    "tiff": ".tif",
    "png": ".png",
    "jpeg": ".jpg",
    "jp2": ".jp2",
    "j2k": ".j2k",
    "gif": ".gif",
    "bmp": ".bmp",
    "webp": ".webp",
}
"""By what a picture is, where its own name does not say so."""

Order = tuple[tuple[tuple[int, int, str], ...], ...]


def page_order(name: str) -> Order:
    """Sort key that puts `page9` before `page10`, folder by folder."""
    return tuple(natural(Path(part)) for part in PurePosixPath(name).parts)


def suffix_of(name: str, picture_format: str) -> str:
    """The suffix of a picture's own name if that is one of a picture, else by what the picture is."""
    own = PurePosixPath(name).suffix.lower()
    return own if own in SUFFIXES else _SUFFIX_OF[picture_format]


def numbered(number: int, volume: int, suffix: str) -> str:
    """`00000001.jp2`, or `0002_00000001.jp2` of the second of several volumes."""
    return f"{volume:04}_{number:08}{suffix}" if volume else f"{number:08}{suffix}"


def plain(name: str, volume: int) -> str:
    """The last part of the name that a file has at its source."""
    last = PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "file"
    return f"{volume:04}_{last}" if volume else last


def folder_name(title: str) -> str:
    """A title as the name of a folder, or of a part of one."""
    return title.replace("/", "_").replace("\0", "_").lstrip(".") or "pages"


class Names:
    """The names given so far in one job; raises JobFailedError for a second file of a name."""

    def __init__(self) -> None:
        self._given: set[Path] = set()

    def give(self, path: Path) -> Path:
        """This path, which from now on is taken."""
        if path in self._given:
            raise JobFailedError(texts.SAME_NAME(name=path.name))
        self._given.add(path)
        return path
