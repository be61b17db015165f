"""`taskmanager-goobi check` against a Goobi with everything that can be wrong."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taskmanager_testing.goobi import TOKEN, Allow, Endpoint, FakeGoobi, RunningGoobi, running_goobi

DIALECTS = ("webapi", "rest", "core")


@dataclass
class Desk:
    """A settings file and the command."""

    server: RunningGoobi
    folder: Path

    def check(self, dialect: str, *options: str, url: str | None = None, **more: Any) -> tuple[int, str]:
        token = self.folder / "token"
        if not token.exists():
            token.write_text(TOKEN)
        lines = [
            f'dialect = "{dialect}"',
            f'url = "{url or self.server.url}/goobi"',
            f'token_file = "{token}"',
        ]
        lines += [f"{name} = {value}" for name, value in more.items()]
        file = self.folder / "goobi.toml"
        file.write_text("\n".join(["[installations.main]", *lines]))
        command = [sys.executable, "-m", "taskmanager_scheduler.goobi", "check", "--settings", str(file)]
        ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)
        assert TOKEN not in ended.stdout + ended.stderr
        return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_goobi(FakeGoobi.with_books(1)) as server:
        yield Desk(server, tmp_path)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_good_installation_is_said_to_be_good_and_left_as_it_is(desk: Desk, dialect: str) -> None:
    workflow = desk.server.goobi.workflow
    before = list(workflow.events)
    code, text = desk.check(dialect)
    assert code == 0, text
    assert "NOT OK" not in text
    assert "127.0.0.1 is 127.0.0.1" in text
    assert workflow.events == before
    assert workflow.process(1).journal == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wrong_token_is_said_with_what_to_look_at(desk: Desk, dialect: str) -> None:
    (desk.folder / "token").write_text("wrong")
    code, text = desk.check(dialect)
    assert code == 1
    assert "NOT OK: Goobi refuses access (401" in text
    assert "goobi_webapi.xml or goobi_rest.xml" in text


def test_a_web_api_that_is_off_is_said(desk: Desk) -> None:
    desk.server.goobi.webapi.enabled = False
    code, text = desk.check("webapi")
    assert code == 1
    assert "useWebApi=true" in text


@pytest.mark.parametrize("dialect", ["webapi", "rest"])
def test_an_address_that_is_not_goobis_is_said(desk: Desk, dialect: str) -> None:
    code, text = desk.check(dialect, url=f"{desk.server.url}/elsewhere")
    assert code == 1
    assert "NOT OK" in text


def test_a_refused_connection_is_said(desk: Desk) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        code, text = desk.check("core", url=url)
    assert code == 1
    assert "NOT OK: 127.0.0.1 refuses the connection" in text
    assert "Is Goobi running" in text


def test_a_name_that_cannot_be_resolved_is_said(desk: Desk) -> None:
    code, text = desk.check("core", url="http://goobi.invalid")
    assert code == 1
    assert "the name 'goobi.invalid' cannot be resolved" in text


def test_a_server_that_speaks_no_tls_is_said(desk: Desk) -> None:
    code, text = desk.check("core", url=desk.server.url.replace("http://", "https://"))
    assert code == 1
    assert "TLS with 127.0.0.1 failed" in text


def test_a_secret_that_cannot_be_read_is_said(desk: Desk) -> None:
    (desk.folder / "token").write_text("")
    code, text = desk.check("rest")
    assert code == 1
    assert f"secret file {desk.folder / 'token'} is empty" in text


def test_a_step_is_looked_at_when_named(desk: Desk) -> None:
    code, text = desk.check("core", "--process", "1", "--step", "11")
    assert code == 0, text
    assert "step 11 of process 1 can be read" in text
    code, text = desk.check("core", "--process", "9", "--step", "11")
    assert code == 1
    assert "knows no process 9" in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_entry_is_left_only_when_told(desk: Desk, dialect: str) -> None:
    code, text = desk.check(dialect, "--process", "1", "--write")
    assert code == 0, text
    (entry,) = desk.server.goobi.workflow.process(1).journal
    assert (entry.type, "Test of the connection" in entry.message) == ("debug", True)


def test_a_rule_of_another_net_is_said(desk: Desk) -> None:
    desk.server.goobi.rest.endpoints = [Endpoint(".*", {"get": [Allow(netmask="10.0.0.0/8")]})]
    code, text = desk.check("core")
    assert code == 1
    assert "this machine's address" in text


def test_a_wrong_key_of_the_file_is_one_line(desk: Desk) -> None:
    code, text = desk.check("core", colour='"red"')
    assert code == 1
    assert text.strip().endswith("[installations.main] colour: there is no such key")
    assert len(text.strip().splitlines()) == 1
