"""What lies in a destination: never a source, no longer a page that is gone, and its rights are kept."""

import os
import stat
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.unit.runner.faults import Crash, crash, fill, names, picture, stopped_before

from taskmanager.errors import JobFailedError
from taskmanager.files.roots import Roots
from taskmanager_plugin_runner.files.sources import Fingerprint, scan
from taskmanager_plugin_runner.results.file_permissions import ACL
from taskmanager_plugin_runner.results.placement import Placement, clean, place, prepare
from taskmanager_plugin_runner.results.planning import Terms

JOB = "0195e4a0-0000-7000-8000-000000000001"
BEFORE = {"1.jp2": "old 1", "2.jp2": "gone 2", "sub/3.jp2": "gone 3", "keep.txt": "mine"}
OUTPUT = {"1.jp2": "new 1", "4.jp2": "new 4", "sub/5.jp2": "new 5"}
GONE = ("2.jp2", "sub/3.jp2")
STEPS = 70
OTHER_ID = 4_711


class Scene:
    """A destination with results of an earlier job, some of whose pages are gone."""

    def __init__(self, folder: Path, before: dict[str, str] = BEFORE) -> None:
        self.destination = fill(folder / "process" / "jp2", before)
        self.output = fill(folder / "output", OUTPUT)
        self.roots = Roots.of([folder])
        self.before = picture(self.destination)
        found = {name: (self.destination / name).stat() for name in GONE if name in before}
        self.terms = Terms(leaving={name: Fingerprint.of(one) for name, one in found.items()})

    def prepare(self, attempt: int = 1) -> Placement:
        return prepare(str(self.destination), self.roots, JOB, attempt)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, str]:
    files = {name: text for name, text in {**BEFORE, **OUTPUT}.items() if name not in GONE}
    return picture(fill(tmp_path / "expected", files))


def test_pages_that_are_gone_leave_when_the_results_come(scene: Scene, expected: dict[str, str]) -> None:
    assert place(scene.output, scene.prepare(), scene.terms) == (3, 15)
    assert picture(scene.destination) == expected


@pytest.mark.parametrize("step", range(STEPS))
def test_a_crash_before_any_step_is_undone_whole(scene: Scene, expected: dict[str, str], step: int) -> None:
    with stopped_before(step, crash):
        try:
            place(scene.output, scene.prepare(), scene.terms)
        except Crash:
            sealed = any(path.name.endswith("-placed") for path in scene.destination.glob(".tm-*"))
        else:
            sealed = True
    clean(scene.prepare(attempt=2))
    assert picture(scene.destination) == (expected if sealed else scene.before)
    place(scene.output, scene.prepare(attempt=3), scene.terms)
    assert picture(scene.destination) == expected


def test_a_file_that_changed_since_stays(scene: Scene) -> None:
    (scene.destination / "2.jp2").write_text("by another job", encoding="utf-8")
    place(scene.output, scene.prepare(), scene.terms)
    assert (scene.destination / "2.jp2").read_text(encoding="utf-8") == "by another job"
    assert names(scene.destination / "sub") == ["5.jp2"]


def test_a_file_that_changes_while_results_come_stays(scene: Scene) -> None:
    def answer() -> bool:
        (scene.destination / "2.jp2").write_text("by another job", encoding="utf-8")
        return True

    place(scene.output, scene.prepare(), Terms(ours=answer, leaving=scene.terms.leaving))
    assert (scene.destination / "2.jp2").read_text(encoding="utf-8") == "by another job"


def test_a_file_that_is_gone_already_is_no_error(scene: Scene, expected: dict[str, str]) -> None:
    (scene.destination / "2.jp2").unlink()
    place(scene.output, scene.prepare(), scene.terms)
    assert picture(scene.destination) == expected


def test_an_undoing_spares_what_somebody_put_where_a_page_was_gone(scene: Scene) -> None:
    placement = scene.prepare()
    asked = iter([True] * 4)
    with stopped_before(10_000, crash), pytest.raises(Crash):
        place(
            scene.output, placement, Terms(lambda: next(asked, None) or _crash(), leaving=scene.terms.leaving)
        )
    assert "2.jp2" not in names(scene.destination)
    fill(scene.destination, {"2.jp2": "by a person"})
    clean(scene.prepare(attempt=2))
    assert (scene.destination / "2.jp2").read_text(encoding="utf-8") == "by a person"


def _crash() -> bool:
    raise Crash


@pytest.mark.parametrize("case", ["1.JP2", "1.jp2"])
def test_a_name_in_another_case_may_be_the_result_itself_and_stays(tmp_path: Path, case: str) -> None:
    scene = Scene(tmp_path, {case: "old"})
    known = {case: Fingerprint.of((scene.destination / case).stat())}
    place(scene.output, scene.prepare(), Terms(leaving=known))
    assert case in names(scene.destination)


@pytest.mark.parametrize("late", [False, True], ids=["before", "while results come"])
def test_no_source_is_replaced_by_whatever_name_it_lies_there(tmp_path: Path, late: bool) -> None:
    master = fill(tmp_path / "master", {"1.jp2": "the original"})
    scene = Scene(tmp_path, {"keep.txt": "mine", "1.jp2": "old"})
    sources = frozenset(file.identity for file in scan(master, scene.roots))

    def swap() -> bool:
        (scene.destination / "1.jp2").unlink(missing_ok=True)
        (scene.destination / "1.jp2").hardlink_to(master / "1.jp2")
        return True

    if not late:
        swap()
    with pytest.raises(JobFailedError, match="would replace a source of its own job"):
        place(scene.output, scene.prepare(), Terms(swap if late else lambda: True, sources))
    assert names(scene.destination) == ["1.jp2", "keep.txt"]
    assert (scene.destination / "1.jp2").samefile(master / "1.jp2")


def access_list(user: int) -> bytes:
    """`user::rw-,user:N:rw-,group::r--,mask::rw-,other::---` as acl(5) keeps it."""
    undefined = 0xFFFFFFFF
    entries = [(1, 6, undefined), (2, 6, user), (4, 4, undefined), (16, 6, undefined), (32, 0, undefined)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def ways(tmp_path: Path) -> dict[str, Path]:
    """Outputs on the file system of the destination, and on another."""
    found = {"link": tmp_path}
    memory = Path("/dev/shm")
    if memory.is_dir() and memory.stat().st_dev != tmp_path.stat().st_dev:
        found["copy"] = memory
    return found


@pytest.mark.parametrize("way", ["link", "copy"])
def test_a_replaced_file_keeps_mode_group_owner_and_list(scene: Scene, tmp_path: Path, way: str) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may give files to another group and owner")
    if way not in ways(tmp_path):
        pytest.skip("there is no second file system to write to")
    old = scene.destination / "1.jp2"
    os.chown(old, OTHER_ID, OTHER_ID + 1)
    try:
        os.setxattr(old, ACL, access_list(OTHER_ID + 2))
    except OSError as error:
        pytest.skip(f"the file system has no access control lists: {error}")
    warned: list[str] = []
    with TemporaryDirectory(dir=ways(tmp_path)[way]) as folder:
        place(fill(Path(folder), OUTPUT), scene.prepare(), Terms(warn=warned.append))
    found = old.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (OTHER_ID, OTHER_ID + 1, 0o660)
    assert os.getxattr(old, ACL) == access_list(OTHER_ID + 2)
    assert old.read_text(encoding="utf-8") == "new 1"
    assert warned == []


@pytest.mark.parametrize("setgid", [False, True], ids=["linked", "copied"])
def test_a_mode_is_kept_and_a_list_the_folder_gave_is_dropped(scene: Scene, setgid: bool) -> None:
    if setgid:
        scene.destination.chmod(0o2775)
    (scene.destination / "1.jp2").chmod(0o604)
    place(scene.output, scene.prepare())
    assert stat.S_IMODE((scene.destination / "1.jp2").stat().st_mode) == 0o604
    assert stat.S_IMODE((scene.destination / "4.jp2").stat().st_mode) != 0o604


def test_a_group_that_cannot_be_kept_is_a_warning(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    real = (scene.destination / "1.jp2").stat()

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    if os.getuid() == 0:
        os.chown(scene.destination / "1.jp2", OTHER_ID, OTHER_ID)
    else:
        pytest.skip("only root can make a file of another group")
    (scene.destination / "1.jp2").chmod(0o640)
    warned: list[str] = []
    place(scene.output, scene.prepare(), Terms(warn=warned.append))
    assert warned == [
        f"the permissions of 1 replaced file(s) could not be kept: 1.jp2: group {OTHER_ID}, owner {OTHER_ID}"
    ]
    assert (scene.destination / "1.jp2").stat().st_gid == real.st_gid
