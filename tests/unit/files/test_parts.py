"""Patterns of a plugin choose what a job takes of a folder tree."""

from pathlib import Path

import pytest

from taskmanager.files.parts import Parts, taken

TREE = (
    "meta.xml",
    "meta.xml.1",
    "images/master_book_media/1.tif",
    "images/book_media/10.jpg",
    "images/book_media/9.jpg",
    "images/book_media/.hidden",
    "images/other_media/1.jpg",
    "ocr/book_alto/9.xml",
    "ocr/.tm-job-1/9.xml",
    "deep/a/b/c.txt",
)


@pytest.fixture
def process(tmp_path: Path) -> Path:
    folder = tmp_path / "17"
    for name in TREE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def places(source: Path, *patterns: str, title: str = "book") -> list[str]:
    return [str(part.place) for part in taken(source, Parts(patterns, {"title": title}))]


def test_the_files_of_named_folders_are_taken_in_natural_order(process: Path) -> None:
    assert places(process, "meta.xml", "images/{title}_media/*", "ocr/*_alto/*") == [
        "images/book_media/9.jpg",
        "images/book_media/10.jpg",
        "meta.xml",
        "ocr/book_alto/9.xml",
    ]


def test_the_first_alternative_that_has_files_counts(process: Path) -> None:
    pattern = "images/{title}_media/*|images/master_*_media/*|*"
    assert places(process, pattern) == ["images/book_media/9.jpg", "images/book_media/10.jpg"]
    assert places(process, pattern, title="gone") == ["images/master_book_media/1.tif"]
    assert places(process / "images" / "other_media", pattern) == ["1.jpg"]


def test_a_title_is_never_a_pattern_or_a_way_out(process: Path) -> None:
    for title in ("*", "b[o]ok", "../17/images/book", "", ".."):
        assert places(process, "images/{title}_media/*", "{title}/*", title=title) == [], title


def test_two_stars_stand_for_any_number_of_folders_and_hide_what_is_hidden(process: Path) -> None:
    assert places(process, "**") == sorted(
        (name for name in TREE if "/." not in name), key=lambda name: name.replace("10.jpg", "a")
    )
    assert places(process, "deep/**/c.txt") == ["deep/a/b/c.txt"]
    assert places(process, "images/**/1.*") == ["images/master_book_media/1.tif", "images/other_media/1.jpg"]


def test_a_file_is_taken_with_what_belongs_to_it(tmp_path: Path) -> None:
    for name in ("indexed_mets/PPN1.xml", "media/PPN1/1.jp2", "media/PPN2/1.jp2", "alto/PPN1/1.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = taken(
        tmp_path / "indexed_mets" / "PPN1.xml", Parts(("../media/{stem}/*", "../alto/{stem}/*"), {})
    )
    assert [str(part.place) for part in found] == ["PPN1.xml", "alto/PPN1/1.xml", "media/PPN1/1.jp2"]
    assert all(part.path.is_file() for part in found)


def test_links_are_followed_by_whoever_may_decide(process: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "2.jpg").touch()
    (process / "images" / "linked_media").symlink_to(tmp_path / "elsewhere")

    def refused(link: Path) -> Path:
        raise PermissionError(link)

    with pytest.raises(PermissionError, match="linked_media"):
        taken(process, Parts(("images/*/*",), {}), refused)
    found = taken(process, Parts(("images/linked_media/*",), {}), lambda link: link.resolve())
    assert [part.path for part in found] == [tmp_path / "elsewhere" / "2.jpg"]
