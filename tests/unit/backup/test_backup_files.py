"""The file of a backup is there whole or not at all, and for nobody else."""

import stat
from pathlib import Path

import pytest

from taskmanager_scheduler.cli.backup_files import opened, written


def test_the_name_appears_when_everything_is_written(tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with written(str(target)) as file:
        file.write(b"content")
        assert not target.exists()

    assert [one.name for one in tmp_path.iterdir()] == ["backup"]
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    with opened(str(target)) as file:
        assert file.read() == b"content"


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with written(str(tmp_path / "backup")) as file:
            file.write(b"half")
            raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="gone"):
        fail()
    assert not list(tmp_path.iterdir())


def test_no_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "backup"
    target.write_bytes(b"of yesterday")

    with pytest.raises(FileExistsError, match="exists already"), written(str(target)):
        pass
    assert target.read_bytes() == b"of yesterday"
