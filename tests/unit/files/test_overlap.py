"""A destination that is its own source is recognised, whatever it is called."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskmanager.files.mounts import mount_of
from taskmanager.files.overlap import folded, misfit

NOBODY = 65534


@pytest.fixture
def book(tmp_path: Path) -> Path:
    master = tmp_path / "images" / "master"
    master.mkdir(parents=True)
    (master / "0001.jpg").write_bytes(b"one")
    return tmp_path / "images"


@contextmanager
def mounted(folder: Path, point: Path) -> Iterator[Path]:
    """The folder a second time, under another path; skips where that takes rights the test has not."""
    point.mkdir(parents=True)
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("there is no mount command here")
    made = subprocess.run([mount, "--bind", folder, point], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"a bind mount cannot be made here: {made.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run([umount, point], check=True)


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("master", "master", "is the source"),
        ("master", "master/derivatives", "lies in the source"),
        ("master", "master/not/yet/there", "lies in the source"),
        ("master/0001.jpg", "master", "is the folder of the source"),
        ("not/there", "not/there", "is the source"),
        ("not/there", "not/there/below", "lies in the source"),
        ("master", "media", None),
        ("master", ".", None),
        ("master", "master_2", None),
        ("master/0001.jpg", "master/one", None),
        ("master/0001.jpg", ".", None),
    ],
)
def test_paths_alone_tell(book: Path, source: str, destination: str, words: str | None) -> None:
    reason = misfit((book / source).absolute(), Path(os.path.normpath(book / destination)))
    if words is None:
        assert reason is None
    else:
        assert reason is not None
        assert words in reason
        assert "name another folder, or a template that works in place" in reason


def test_a_second_mount_of_the_source_is_the_source(book: Path, tmp_path: Path) -> None:
    with mounted(book / "master", tmp_path / "elsewhere") as again:
        assert "is the source" in str(misfit(book / "master", again))
        assert "lies in the source" in str(misfit(book / "master", again / "new"))
        assert "is the folder of the source" in str(misfit(book / "master" / "0001.jpg", again))


def test_a_folder_of_the_source_that_is_mounted_elsewhere_lies_in_it(book: Path, tmp_path: Path) -> None:
    (book / "master" / "sub").mkdir()
    with mounted(book / "master" / "sub", tmp_path / "elsewhere") as again:
        assert "lies in the source" in str(misfit(book / "master", again))
        assert misfit(book / "master" / "sub", book) is None


@pytest.mark.parametrize(("listed", "same"), [(["Master"], True), (["Master", "master"], False)])
def test_a_share_that_ignores_case_shows_one_of_two_spellings(
    book: Path, monkeypatch: pytest.MonkeyPatch, listed: list[str], same: bool
) -> None:
    for name in ("Master", "master"):  # other inodes: what such a share makes up for each spelling
        (book / name).mkdir(exist_ok=True)
    monkeypatch.setattr(Path, "iterdir", lambda folder: [folder / name for name in listed])
    assert (misfit(book / "master", book / "Master") is not None) is same


def test_what_may_not_be_seen_is_compared_by_its_path(book: Path) -> None:
    """As by a gateway whose user has no right to look into Goobi's folders; the runner looks again."""
    with searchable_by_nobody(book):
        assert misfit(book / "master", book / "result") is None
        assert misfit(book / "master", book / "MASTER") is None
        assert misfit(book / "master", book / "master") is not None
        assert misfit(book / "master", book / "master" / "inside") is not None


@contextmanager
def searchable_by_nobody(folder: Path) -> Iterator[None]:
    user = os.geteuid()
    folder.chmod(0)
    os.seteuid(NOBODY if user == 0 else user)  # root searches everything
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_names_are_compared_in_any_case_and_form() -> None:
    assert folded("B\N{LATIN SMALL LETTER U WITH DIAERESIS}CHER") == folded("bu\N{COMBINING DIAERESIS}cher")
    assert folded("a") != folded("b")


def test_a_mount_says_where_in_its_file_system_a_path_lies() -> None:
    table = "21 1 0:20 / / rw - overlay overlay rw\n22 21 8:1 /share/a\\040b /mnt/x rw - ext4 /dev/sda rw\n"
    mount = mount_of(Path("/mnt/x/4711/images"), table)
    assert mount is not None
    device, place = mount.place_of(Path("/mnt/x/4711/images"))
    assert (device, str(place), mount.kind) == ("8:1", "/share/a b/4711/images", "ext4")
    assert mount_of(Path("/mnt/x"), "") is None
