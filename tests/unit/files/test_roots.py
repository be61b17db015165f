"""What senders of jobs call a folder, and where it lies on this machine."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager.errors import PathRefusedError
from taskmanager.files.roots import PathMapping, Roots

GOOBI = "/opt/digiverso/goobi/metadata"
MAPPING = PathMapping.of({GOOBI: "/mnt/goobi", f"{GOOBI}/9": "/mnt/nine", "/opt/viewer": "/mnt/viewer"})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (f"{GOOBI}/4711/images/master", "/mnt/goobi/4711/images/master"),
        (f"{GOOBI}/4711/", "/mnt/goobi/4711"),
        (f"{GOOBI}//4711/./x", "/mnt/goobi/4711/x"),
        (GOOBI, "/mnt/goobi"),
        (f"{GOOBI}/9/x", "/mnt/nine/x"),
        (f"{GOOBI}/99/x", "/mnt/goobi/99/x"),
        (f"{GOOBI}2/x", f"{GOOBI}2/x"),
        ("/mnt/goobi/4711", "/mnt/goobi/4711"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_the_longest_folder_that_holds_a_path_maps_it_and_others_leave_it_alone(
    theirs: str, ours: str
) -> None:
    assert MAPPING.apply(theirs) == ours


@pytest.mark.parametrize("text", [f"{GOOBI}/../../etc", "relative", "a\0b", f"{GOOBI}\\x", ""])
def test_a_malformed_path_is_not_mapped_but_refused(text: str, tmp_path: Path) -> None:
    assert MAPPING.apply(text) == text
    with pytest.raises(PathRefusedError):
        Roots.of([tmp_path], PathMapping.of({GOOBI: str(tmp_path)})).resolve(text)


def test_roots_judge_the_mapped_path(tmp_path: Path) -> None:
    roots = Roots.of([tmp_path], PathMapping.of({GOOBI: str(tmp_path), "/out": "/etc"}))

    assert roots.resolve(f"{GOOBI}/4711") == tmp_path / "4711"
    assert roots.resolve(str(tmp_path / "4711")) == tmp_path / "4711"
    with pytest.raises(PathRefusedError, match=rf"{tmp_path}\): here it is '/etc/passwd'"):
        roots.resolve("/out/passwd")


def test_a_path_that_is_not_mapped_is_told_with_the_roots_and_what_is_mapped(tmp_path: Path) -> None:
    roots = Roots.of([tmp_path], PathMapping.of({GOOBI: str(tmp_path)}))

    with pytest.raises(PathRefusedError, match=rf"'/opt/other'.*{tmp_path}\); mapped to here are {GOOBI}"):
        roots.resolve("/opt/other")


def test_a_link_in_a_mapped_folder_may_not_lead_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    roots = Roots.of([root], PathMapping.of({GOOBI: str(root)}))

    with pytest.raises(PathRefusedError, match="outside"):
        roots.resolve(f"{GOOBI}/link/passwd")


def test_a_mapping_is_read_from_one_text() -> None:
    assert PathMapping.parse(f"/a=/b{os.pathsep}/c=/d") == PathMapping.of({"/a": "/b", "/c": "/d"})
    assert PathMapping.parse("") == PathMapping()


@pytest.mark.parametrize("text", ["/a", "a=/b", "/a=b", "/a=/b/../c", "/a="])
def test_a_wrong_mapping_is_refused(text: str) -> None:
    with pytest.raises(PathRefusedError):
        PathMapping.parse(text)


@given(st.text() | st.lists(st.sampled_from(["opt", "..", ".", "", "a", "9"])).map("/".join))
def test_mapping_never_fails_and_what_it_maps_stays_in_its_folder(text: str) -> None:
    mapped = PathMapping.of({"/opt": "/mnt/x"}).apply(text)

    assert mapped in {text, "/mnt/x"} or mapped.startswith("/mnt/x/")
    assert mapped == text or ".." not in mapped.split("/")
