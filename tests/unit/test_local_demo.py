"""The demo's book and process folder."""

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from taskmanager_local.commands import LocalStackError
from taskmanager_local.demo.book import PAGE_SIZE
from taskmanager_local.demo.client import JobView
from taskmanager_local.demo.process_folder import new_process


def _read(file: Path) -> Image.Image:
    with Image.open(file) as image:
        image.load()
        return image.copy()


def test_the_drawn_book_is_a_scan_of_distinct_pages_at_300_dpi(tmp_path: Path) -> None:
    process = new_process(tmp_path, images=None)
    files = sorted(process.masters.iterdir())
    assert [file.name for file in files] == [f"{number:08d}.tif" for number in range(1, 8)]
    pages = [_read(file) for file in files]
    assert {page.size for page in pages} == {PAGE_SIZE}
    assert {page.info["dpi"] for page in pages} == {(300, 300)}
    for first, second in pairwise(pages):
        assert ImageChops.difference(first, second).getbbox() is not None


def test_each_demo_is_a_process_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "My own images!"
    own.mkdir()
    Image.new("L", (8, 8)).save(own / "b.png")
    (own / "notes.txt").write_text("not an image")
    first, second = new_process(tmp_path / "root", own), new_process(tmp_path / "root", own)
    assert (first.number, second.number) == (1, 2)
    assert first.masters == tmp_path / "root/1/images/master_My-own-images_media"
    assert [file.name for file in second.masters.iterdir()] == ["b.png"]


@pytest.mark.parametrize(("name", "problem"), [("empty", "no images"), ("missing", "not a folder")])
def test_a_folder_without_images_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LocalStackError, match=problem):
        new_process(tmp_path, tmp_path / name)


def test_a_job_is_read_from_the_answer_of_the_api() -> None:
    view = JobView.of(
        {
            "id": "x",
            "status": "ERROR",
            "tab": "error",
            "progress": {"percent": 30, "current_file": None},
            "files": 2,
            "bytes": 10,
            "error": {"message": "no space left"},
        }
    )
    assert view.finished
    assert view.error == "no space left"
