"""The structure of TIFF files that lie: loops, links to nowhere, tags out of order."""

import re
import struct
from pathlib import Path

import pytest
from tests.images.tiff import LONG, SHORT, Directory, assemble

from taskmanager_plugin_runner.plugins.pictures.memory import BASE_BYTES
from taskmanager_plugin_runner.plugins.tiffvalidation.pixels import memory_of
from taskmanager_plugin_runner.plugins.tiffvalidation.structure import Place, read_structure

TAGS = {256: (SHORT, [2]), 257: (SHORT, [2]), 258: (SHORT, [8]), 262: (SHORT, [1]), 277: (SHORT, [1])}
PAGE = Directory(TAGS, [b"abcd"])


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "1.tif"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True), (">", True)])
def test_every_kind_of_sound_file_is_walked_to_its_end(tmp_path: Path, order: str, big: bool) -> None:
    found = read_structure(written(tmp_path, assemble([PAGE, PAGE, PAGE], order=order, big=big)))
    assert (found.faults, found.notes) == ([], [])
    assert (found.little, found.big) == (order == "<", big)
    assert [one.number for one in found.images] == [1, 2, 3]
    assert found.images[0].tags >= TAGS.keys()


def test_a_page_below_another_is_an_image_too(tmp_path: Path) -> None:
    page = Directory(TAGS, [b"abcd"], children=[PAGE, PAGE])
    found = read_structure(written(tmp_path, assemble([page])))
    assert [one.place for one in found.images] == [Place.CHAIN, Place.SUB, Place.SUB]


def test_two_pages_may_share_their_exif_data(tmp_path: Path) -> None:
    length = len(assemble([PAGE.changed({34665: (LONG, [0])})] * 2))
    at = length + length % 2
    page = PAGE.changed({34665: (LONG, [at])})
    data = assemble([page, page])
    exif = struct.pack("<HHHIIi", 1, 36864, 7, 4, 0x30323230, 0)
    found = read_structure(written(tmp_path, data.ljust(at, b"\0") + exif))
    assert found.faults == []
    assert sorted(one.place for one in found.directories) == [Place.CHAIN, Place.CHAIN, Place.OTHER]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (-1, r"directory 3 is the one at byte \d+ again: the chain has no end"),
        (10**9, "directory 3 would be at byte 1000000000, but the file ends at"),
    ],
)
def test_a_link_that_leads_nowhere_is_a_fault_and_what_came_before_it_is_kept(
    tmp_path: Path, link: int, said: str
) -> None:
    found = read_structure(written(tmp_path, assemble([PAGE, PAGE], last_link=link)))
    [fault] = found.faults
    assert re.match(said, fault)
    assert len(found.images) == 2


def test_a_chain_of_countless_directories_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskmanager_plugin_runner.plugins.tiffvalidation.structure.DIRECTORIES_MAX", 5)
    found = read_structure(written(tmp_path, assemble([PAGE] * 9)))
    assert found.faults == ["it has more than 5 directories"]
    assert len(found.images) == 5


def test_a_header_that_is_cut_or_names_no_image_is_a_fault(tmp_path: Path) -> None:
    assert read_structure(written(tmp_path, b"II*\0\1")).faults == ["the file ends within its header"]
    assert read_structure(written(tmp_path, b"II*\0\0\0\0\0")).faults == ["it names no image"]


def test_a_directory_that_is_cut_is_a_fault(tmp_path: Path) -> None:
    data = assemble([PAGE])
    found = read_structure(written(tmp_path, data[:-20]))
    assert found.images == []
    assert "is cut off by the end of the file" in found.faults[0]


def test_tags_out_of_order_and_unknown_types_are_noticed(tmp_path: Path) -> None:
    entries = struct.pack("<HHIIHHII", 257, 3, 1, 2, 256, 99, 1, 2)
    data = b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    found = read_structure(written(tmp_path, data))
    assert found.faults == ["tag 256 of directory 1 is out of order or there twice"]
    assert found.notes == ["tag 256 of directory 1 has the unknown type 99"]


def test_a_value_beyond_the_end_is_a_fault_and_the_tag_counts_as_named(tmp_path: Path) -> None:
    data = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 273, 4, 9, 10**6) + bytes(4)
    found = read_structure(written(tmp_path, data))
    assert found.faults == ["the value of tag 273 of directory 1 lies beyond the end of the file"]
    assert found.images[0].tags == {273}
    assert found.images[0].entries == {}


def test_the_memory_of_a_file_is_that_of_its_largest_image(tmp_path: Path) -> None:
    large = PAGE.changed({256: (LONG, [3000]), 257: (LONG, [2000])})
    needed, words = memory_of(written(tmp_path, assemble([PAGE, large, PAGE])))
    assert words == "3,000 x 2,000"
    assert needed == BASE_BYTES + 3 * 3000 * 2000


def test_a_page_of_a_million_by_a_million_pixels_needs_what_it_says(tmp_path: Path) -> None:
    bomb = PAGE.changed({256: (LONG, [10**6]), 257: (LONG, [10**6])})
    needed, _ = memory_of(written(tmp_path, assemble([bomb])))
    assert needed > 3 * 10**12


def test_another_picture_under_the_name_of_a_tiff_needs_nothing_until_it_is_examined(tmp_path: Path) -> None:
    assert memory_of(written(tmp_path, b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9)) == (0, "")
    assert memory_of(written(tmp_path, b"")) == (0, "")
