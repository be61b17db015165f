"""Input comes to the workspace or is read in place; whatever is wrong is said clearly."""

import errno
import os
import re
from collections import namedtuple
from pathlib import Path

import pytest
from tests.unit.runner.faults import fill, names, picture

from taskmanager.errors import JobFailedError, PathRefusedError, PermanentError
from taskmanager.files.parts import Parts
from taskmanager.files.roots import Roots
from taskmanager_plugin_runner.failures import clean_text, file_sentence, job_error
from taskmanager_plugin_runner.files.upload_modes import UploadMode
from taskmanager_plugin_runner.settings import RUNNER_ID_PATTERN, default_runner_id
from taskmanager_plugin_runner.system.filesystems import is_local
from taskmanager_plugin_runner.transport import recovery
from taskmanager_plugin_runner.transport.recovery import held_folder, recover
from taskmanager_plugin_runner.transport.workspace import AttemptFolder, Input, bring_input, open_destination

MOUNTS = """\
21 1 0:20 / / rw - overlay overlay rw
22 21 0:21 / /mnt/goobi rw shared:1 - nfs4 server:/goobi rw
23 21 0:22 / /mnt/goobi/local\\040disk rw - ext4 /dev/sdb rw
"""
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil makes it


@pytest.fixture
def goobi(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "goobi",
        {"in/page 10.tif": "ten", "in/page 2.tif": "2", "in/.hidden": "h", "in/sub/x": "x"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    return AttemptFolder.of(tmp_path / "workspace", "job", 1)


def bring(
    folder: AttemptFolder,
    goobi: Path,
    name: str,
    mode: UploadMode = UploadMode.COPY,
    *,
    reads_in_place: bool = False,
) -> Input:
    return bring_input(folder, str(goobi / name), Roots.of([goobi]), mode, reads_in_place=reads_in_place)


def test_the_visible_files_of_a_folder_are_copied(folder: AttemptFolder, goobi: Path) -> None:
    brought = bring(folder, goobi, "in")
    assert (brought.source, brought.files, brought.bytes) == (folder.input, 2, 4)
    assert names(folder.input) == ["page 10.tif", "page 2.tif"]


def test_a_single_file_can_be_the_source(folder: AttemptFolder, goobi: Path) -> None:
    brought = bring(folder, goobi, "in/page 2.tif")
    assert brought.source == folder.input / "page 2.tif"
    assert brought.source.read_text(encoding="utf-8") == "2"


@pytest.mark.parametrize(
    ("mode", "reads_in_place", "in_place"),
    [
        (UploadMode.AUTO, True, True),
        (UploadMode.AUTO, False, False),
        (UploadMode.COPY, True, False),
        (UploadMode.IN_PLACE, False, True),
    ],
)
def test_the_mode_and_the_plugin_decide_whether_input_is_copied(
    folder: AttemptFolder, goobi: Path, mode: UploadMode, reads_in_place: bool, in_place: bool
) -> None:
    brought = bring(folder, goobi, "in", mode, reads_in_place=reads_in_place)
    assert brought.source == folder.input
    assert (folder.input / "page 2.tif").samefile(goobi / "in" / "page 2.tif") is in_place
    assert (brought.files, brought.bytes) == (2, 4)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "does not exist: check the path"),
        ("in/sub/empty", "holds no files"),
        ("dangling", "does not exist"),
    ],
)
def test_a_source_that_is_missing_or_empty_is_said_so(
    folder: AttemptFolder, goobi: Path, name: str, text: str
) -> None:
    fill(goobi, {"in/sub/empty/": "", "in/sub/empty/.hidden": "h"})
    (goobi / "dangling").symlink_to(goobi / "nowhere")
    with pytest.raises(JobFailedError, match=text):
        bring(folder, goobi, name)


def test_links_are_followed_inside_the_roots_only(folder: AttemptFolder, goobi: Path, tmp_path: Path) -> None:
    (goobi / "in" / "link.tif").symlink_to(goobi / "in" / "sub" / "x")
    assert bring(folder, goobi, "in").files == 3
    (goobi / "in" / "out.tif").symlink_to(fill(tmp_path / "secret", {"s": "s"}) / "s")
    with pytest.raises(JobFailedError, match="link that is not followed"):
        bring(folder, goobi, "in")
    (goobi / "elsewhere").symlink_to(tmp_path / "secret")
    with pytest.raises(PathRefusedError, match="leads outside"):
        bring(folder, goobi, "elsewhere")


def test_a_full_disk_is_said_before_anything_is_copied(
    folder: AttemptFolder, goobi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(100, 97, 3))
    with pytest.raises(JobFailedError, match="not enough space"):
        bring(folder, goobi, "in")
    assert names(folder.input) == []


@pytest.mark.parametrize(
    ("path", "local"),
    [("/etc", True), ("/mnt/goobi/1", False), ("/mnt/goobi/local disk/1", True), ("/mnt/goobix", True)],
)
def test_the_mount_decides_what_is_local(path: str, local: bool) -> None:
    assert is_local(Path(path), MOUNTS) is local


def test_a_start_undoes_what_an_earlier_process_left_and_keeps_what_cannot_be_undone_now(
    goobi: Path, tmp_path: Path
) -> None:
    before = picture(goobi)
    with held_folder(tmp_path / "workspace", "r1") as home:
        for job in ("one", "two"):
            fill(goobi / f"out-{job}", {})
            folder = AttemptFolder.of(home, job, 1)
            open_destination(folder, str(goobi / f"out-{job}"), Roots.of([goobi]), job, 1)
        (goobi / "out-two").rename(tmp_path / "unmounted")
        assert recover(home) == 2
        assert names(home) == [".lock", "two-1"]
        (tmp_path / "unmounted").rename(goobi / "out-two")
        assert recover(home) == 1
        assert names(home) == [".lock"]
    for job in ("one", "two"):
        (goobi / f"out-{job}").rmdir()
    assert picture(goobi) == before


def test_a_workspace_folder_belongs_to_one_runner_at_a_time(tmp_path: Path) -> None:
    with held_folder(tmp_path, "r1"):
        with pytest.raises(PermanentError, match="another runner r1 uses"), held_folder(tmp_path, "r1"):
            pass
        with held_folder(tmp_path, "r2"):
            pass
    with held_folder(tmp_path, "r1"):
        pass


def test_a_number_in_the_id_is_the_lowest_that_nobody_has(tmp_path: Path) -> None:
    with held_folder(tmp_path, "jp2-{number}") as first:
        with held_folder(tmp_path, "jp2-{number}") as second, held_folder(tmp_path, "jp2-{number}") as third:
            assert [one.name for one in (first, second, third)] == ["jp2-1", "jp2-2", "jp2-3"]
        with held_folder(tmp_path, "jp2-2"), held_folder(tmp_path, "jp2-{number}") as another:
            assert another.name == "jp2-3"
    with held_folder(tmp_path, "jp2-{number}") as following:
        assert following.name == "jp2-1", "whoever comes next has the id of one that is gone"


def test_more_runners_than_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "MOST_NUMBERS", 1)
    with (
        held_folder(tmp_path, "jp2-{number}"),
        pytest.raises(PermanentError, match="1 runners"),
        held_folder(tmp_path, "jp2-{number}"),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("jp2-{number}", True),
        ("{number}", False),
        ("a-{number}-{number}", False),
        ("a-{other}", False),
        ("a" * 80, True),
        ("a" * 81, False),
        (f"{'a' * 40}{{number}}{'b' * 31}", True),
        (f"{'a' * 41}{{number}}", False),
    ],
)
def test_an_id_may_hold_one_number(text: str, accepted: bool) -> None:
    """Expanded, none is longer than 80 characters."""
    assert bool(re.fullmatch(RUNNER_ID_PATTERN, text)) is accepted


def test_a_workspace_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    fill(tmp_path, {"file": ""})
    with (
        pytest.raises(PermanentError, match="workspace cannot be used"),
        held_folder(tmp_path / "file", "r1"),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (errno.ENOSPC, "no space is left on the file system of /x: free some and retry the job"),
        (errno.EACCES, "the runner's user may not access /x: give it the permission and retry the job"),
        (errno.EROFS, "/x lies on a file system that is mounted read-only"),
    ],
)
def test_errors_of_the_file_system_say_what_to_do(code: int, text: str) -> None:
    assert file_sentence(OSError(code, os.strerror(code), "/x")) == text


def test_an_error_with_a_name_that_is_no_text_can_be_sent() -> None:
    error = job_error(ValueError("page \udcff.tif"))
    assert error.message == r"page \udcff.tif"
    error.model_dump_json()
    assert clean_text("abcdef", 3) == "…ef"


def test_the_default_id_is_the_same_at_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "vm 1.örtlich")
    assert default_runner_id("noop") == "vm-1.-rtlich-noop"


@pytest.mark.parametrize("mode", [UploadMode.COPY, UploadMode.IN_PLACE])
def test_parts_of_a_folder_keep_their_places(folder: AttemptFolder, tmp_path: Path, mode: UploadMode) -> None:
    goobi = fill(tmp_path / "goobi", {"17/meta.xml": "m", "17/images/b_media/1.tif": "1", "17/other/x": "x"})
    parts = Parts(("meta.xml", "images/{title}_media/*"), {"title": "b"})
    brought = bring_input(
        folder, str(goobi / "17"), Roots.of([goobi]), mode, reads_in_place=True, parts=parts
    )
    assert (brought.source, brought.files, brought.bytes) == (folder.input, 2, 2)
    assert (folder.input / "images" / "b_media" / "1.tif").read_text(encoding="utf-8") == "1"
    assert not (folder.input / "other").exists()
    assert len(folder.sources()) == 2


def test_parts_that_lead_outside_or_are_not_there_are_said(folder: AttemptFolder, tmp_path: Path) -> None:
    goobi = fill(tmp_path / "goobi", {"17/meta.xml": "m"})
    (goobi / "17" / "images").symlink_to(fill(tmp_path / "secret", {"b_media/1.tif": "1"}))
    for patterns, text in (
        (("images/*/*",), "link that is not followed"),
        (("ocr/*/*",), "holds nothing of"),
    ):
        with pytest.raises(JobFailedError, match=text):
            bring_input(
                folder,
                str(goobi / "17"),
                Roots.of([goobi]),
                UploadMode.COPY,
                reads_in_place=False,
                parts=Parts(patterns, {}),
            )
    with pytest.raises(PathRefusedError, match="outside"):
        bring_input(
            folder,
            str(goobi / "17" / "meta.xml"),
            Roots.of([goobi / "17"]),
            UploadMode.COPY,
            reads_in_place=False,
            parts=Parts(("../media/*",), {}),
        )
