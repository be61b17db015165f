"""`taskmanager-replica-set` says in one line what it lacks; what it makes is tested with a real server."""

from pathlib import Path

import pytest

from taskmanager.errors import PermanentError
from taskmanager_scheduler.cli import replica_set

URL = "mongodb://127.0.0.1:1/taskmanager?replicaSet=rs0"


def said(monkeypatch: pytest.MonkeyPatch, folder: Path, **more: str) -> str:
    for name in ("MONGODB_URL", "TASKMANAGER_ACCOUNTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TASKMANAGER_ACCOUNTS": str(folder), **more}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        replica_set.main()
    return str(ended.value)


def test_a_missing_address_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert said(monkeypatch, tmp_path) == "taskmanager-replica-set: MONGODB_URL is not set"


def test_missing_passwords_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert str(tmp_path / "passwords.json") in said(monkeypatch, tmp_path, MONGODB_URL=URL)


def test_a_server_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "passwords.json").write_text('{"gateway": "x"}', encoding="utf-8")
    (tmp_path / "keyfile").write_text("k", encoding="utf-8")

    def refuse(url: str, keyfile: str, passwords: object, *_: object) -> None:
        assert (url, keyfile, passwords) == (URL, "k", {"gateway": "x"})
        raise PermanentError("127.0.0.1:1 refuses")

    monkeypatch.setattr(replica_set, "ensure_replica_set", refuse)
    assert said(monkeypatch, tmp_path, MONGODB_URL=URL) == "taskmanager-replica-set: 127.0.0.1:1 refuses"
