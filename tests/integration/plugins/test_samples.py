"""The real books and the sound and broken sample files through both plugins."""

import csv
import shutil
from pathlib import Path

import pytest
from PIL import Image

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api import tools
from taskmanager.plugin_api.interface import Plugin
from taskmanager_plugin_runner.plugins import magick
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_testing.plugins import run_plugin

BOOKS = {"1001": 4, "1002": 3, "1003": 1, "1004": 1}
PLUGINS = [(ShellPlugin, ".jpg"), (Jp2Plugin, ".jp2")]
READABLE_ALL_THE_SAME = {
    "invalid_character_in_xml.jp2": "the text of a metadata box is wrong, the image is whole",
    "is_jpeg.jp2": "a sound JPEG under a wrong name; what a file is goes by its content",
    "test-card-lossy-tiled.jp2": "a reserved field of the colour box is not 0, the image is whole",
}
"""Files that break their format but whose picture is complete, so that a derivative is right."""


def identified(path: Path) -> tuple[str, int, int]:
    """Format, width and height as ImageMagick sees the first page."""
    words = [*magick.program("identify"), "-format", "%m %w %h", f"{path}[0]"]
    name, width, height = tools.run(words).stdout.split()
    return name, int(width), int(height)


@pytest.mark.parametrize(("book", "pages"), BOOKS.items())
@pytest.mark.parametrize(("plugin", "suffix"), PLUGINS)
def test_a_book_becomes_derivatives_page_by_page(
    samples: Path, tmp_path: Path, plugin: type[Plugin], suffix: str, book: str, pages: int
) -> None:
    master = next((samples / "books" / book / "images").glob("master_*_media"))
    context = run_plugin(plugin(), master, tmp_path / "out")
    originals = {path.stem: path for path in master.iterdir()}
    made = {path.stem: path for path in (tmp_path / "out").iterdir()}
    assert len(made) == pages
    assert made.keys() == originals.keys()
    assert context.progress_calls[-1] == (pages, pages, None)
    for stem, path in made.items():
        _, width, height = identified(originals[stem])
        assert path.suffix == suffix
        if plugin is Jp2Plugin:
            assert identified(path) == ("JP2", width, height)
        with Image.open(path) as image:
            image.load()
            assert image.size == (width, height)
            assert image.info.get("dpi") == pytest.approx(_resolution(originals[stem]), rel=0.01)


def _resolution(path: Path) -> tuple[float, float]:
    with Image.open(path) as image:
        x, y = image.info["dpi"]
        return float(x), float(y)


def listed(samples: Path, kind: str, status: str) -> list[Path]:
    """The files of a sample folder that its index calls valid or invalid."""
    with (samples / kind / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    return [samples / kind / row["file"] for row in rows if row["status"] == status]


def convert(plugin: Plugin, file: Path, folder: Path) -> None:
    """Run one file alone; what lies in `folder / "out"` afterwards is the result."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    run_plugin(plugin, file, folder / "out")


@pytest.mark.parametrize(("plugin", "suffix"), PLUGINS)
def test_every_sound_tiff_gives_a_result_of_its_size(
    samples: Path, tmp_path: Path, plugin: type[Plugin], suffix: str
) -> None:
    for file in listed(samples, "tiff", "valid"):
        convert(plugin(), file, tmp_path)
        made = tmp_path / "out" / f"{file.stem}{suffix}"
        assert identified(made)[1:] == identified(file)[1:], file.name
        with Image.open(made) as image:
            image.load()


@pytest.mark.parametrize(("plugin", "suffix"), PLUGINS)
def test_every_broken_tiff_ends_with_an_error_that_names_it_and_no_result(
    samples: Path, tmp_path: Path, plugin: type[Plugin], suffix: str
) -> None:
    for file in listed(samples, "tiff", "invalid"):
        with pytest.raises(JobFailedError) as caught:
            convert(plugin(), file, tmp_path)
        assert str(caught.value).startswith(f"{file.name}: ")
        assert len(str(caught.value)) > len(file.name) + 10
        assert not list((tmp_path / "out").iterdir())


def test_every_sound_jp2_gives_a_jpeg_of_its_size(samples: Path, tmp_path: Path) -> None:
    for file in listed(samples, "jp2", "valid"):
        convert(ShellPlugin(), file, tmp_path)
        assert identified(tmp_path / "out" / f"{file.stem}.jpg") == ("JPEG", *identified(file)[1:]), file.name


def test_a_broken_jp2_gives_an_error_unless_its_picture_is_whole(samples: Path, tmp_path: Path) -> None:
    for file in listed(samples, "jp2", "invalid"):
        if file.name in READABLE_ALL_THE_SAME:
            convert(ShellPlugin(), file, tmp_path)
            assert identified(tmp_path / "out" / f"{file.stem}.jpg")[0] == "JPEG"
        else:
            with pytest.raises(JobFailedError, match=f"^{file.name}: "):
                convert(ShellPlugin(), file, tmp_path)
            assert not list((tmp_path / "out").iterdir())
