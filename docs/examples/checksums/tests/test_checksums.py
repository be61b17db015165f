"""The plugin alone, with real files and the real tools, but without broker, database or runner."""

import hashlib
import os
from pathlib import Path

import pytest
from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager_testing.plugins import CancelledInTestError, run_plugin

from example_checksums import ChecksumsPlugin


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in (10, 9, 1):
        (folder / f"page{number}.tif").write_bytes(b"page %d" % number)
    return folder


def test_the_list_holds_every_file_in_natural_order(source: Path, tmp_path: Path) -> None:
    context = run_plugin(ChecksumsPlugin(), source, tmp_path / "out")
    lines = (tmp_path / "out" / "sha256sums.txt").read_text().splitlines()
    assert lines == [
        f"{hashlib.sha256(b'page %d' % number).hexdigest()}  page{number}.tif" for number in (1, 9, 10)
    ]
    assert context.progress_calls[-1] == (3, 3, None)
    assert context.log.lines == [("info", "3 checksums written to sha256sums.txt")]


def test_a_template_and_a_parameter_change_the_list(source: Path, tmp_path: Path) -> None:
    run_plugin(ChecksumsPlugin(), source, tmp_path / "out", template="bagit", parameters={"algorithm": "md5"})
    first = (tmp_path / "out" / "manifest-md5.txt").read_text().splitlines()[0]
    assert first == f"{hashlib.md5(b'page 1').hexdigest()}  data/page1.tif"


def test_a_wrong_parameter_is_named(source: Path, tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match="parameter algorithm: "):
        run_plugin(ChecksumsPlugin(), source, tmp_path / "out", parameters={"algorithm": "crc32"})


def test_too_few_files_are_an_error_of_the_job(source: Path, tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"3 file\(s\) found, at least 4"):
        run_plugin(ChecksumsPlugin(), source, tmp_path / "out", parameters={"files_at_least": 4})


def test_a_cancelled_job_leaves_no_list(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CancelledInTestError):
        run_plugin(ChecksumsPlugin(), source, tmp_path / "out", cancel_at=2)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_the_tool_says_reaches_the_operator(source: Path, tmp_path: Path) -> None:
    locked = source / "page2.tif"
    locked.touch()
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("the superuser may read everything")
    with pytest.raises(ToolFailedError, match=r"sha256sum ended with exit code 1\n.*Permission denied"):
        run_plugin(ChecksumsPlugin(), source, tmp_path / "out")
