"""What the local stack remembers: ports, plans, and a socket path the kernel accepts."""

import os
import socket
from pathlib import Path

import pytest

from taskmanager_local import commands
from taskmanager_local.commands import Command, LocalStackError
from taskmanager_local.state import Plan, Ports, StackFolder, load_plan, save_plan


@pytest.fixture
def folder(tmp_path: Path) -> StackFolder:
    stack_folder = StackFolder(tmp_path / "stack")
    stack_folder.make()
    return stack_folder


def test_a_port_is_remembered(folder: StackFolder) -> None:
    port = Ports(folder).take("gateway-1")
    assert Ports(folder).take("gateway-1") == port


def test_different_names_get_different_ports(folder: StackFolder) -> None:
    ports = Ports(folder)
    taken = [ports.take(f"process-{number}") for number in range(50)]
    assert len(set(taken)) == len(taken)


def test_a_remembered_port_that_somebody_took_is_replaced(folder: StackFolder) -> None:
    port = Ports(folder).take("gateway-1")
    with socket.create_server(("127.0.0.1", port)):
        assert Ports(folder).take("gateway-1") != port


def test_a_wished_port_that_somebody_took_is_an_error(folder: StackFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LocalStackError, match=f"port {port} for gateway-1 is in use"):
            Ports(folder).take("gateway-1", port)


def test_a_plan_is_read_as_it_was_saved(folder: StackFolder) -> None:
    gateway = Command("gateway-1", ["x"], {"A": "b"}, 8080, "/health/ready")
    plan = Plan(
        [Command("mongod", ["mongod"], {}, 1)],
        [gateway],
        "amqp://a",
        "mongodb://b",
        ["/files"],
        {"A_FILE": "x"},
    )
    assert load_plan(folder) is None
    save_plan(folder, plan)
    assert load_plan(folder) == plan
    assert plan.gateways == ["http://127.0.0.1:8080"]


def test_nobody_else_may_read_the_plan(folder: StackFolder) -> None:
    save_plan(folder, Plan([], [], "amqp://user:secret@a", "mongodb://b", [], {}))
    assert (folder.run / "plan.json").stat().st_mode & 0o077 == 0


def test_a_long_folder_still_gets_a_usable_socket(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path / ("long" * 30))
    folder.make()
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(os.fsencode(folder.socket))
    folder.socket.unlink()
    folder.socket.parent.rmdir()


def test_two_ups_at_once_are_refused(folder: StackFolder) -> None:
    with folder.locked(), pytest.raises(LocalStackError, match="another up or down"), folder.locked():
        pytest.fail("both held the lock")


def test_ports_are_not_among_those_of_outgoing_connections() -> None:
    lowest, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    if int(lowest) < commands.FIRST_PORT + commands.PORT_TRIES:
        pytest.skip("outgoing connections of this machine may use every port")

    assert all(commands.FIRST_PORT <= commands.free_port() < int(lowest) for _ in range(20))


def test_a_machine_without_a_free_port_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "port_is_free", lambda _: False)

    with pytest.raises(LocalStackError, match="End other programs"):
        commands.free_port()


def test_ports_come_from_the_range_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(commands.PORTS, "20000-20009")
    assert all(20000 <= commands.free_port() <= 20009 for _ in range(20))


@pytest.mark.parametrize("wrong", ["20000", "9-8", "0-10", "1-70000", "a-b"])
def test_a_range_that_is_none_is_told_with_an_example(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(commands.PORTS, wrong)
    with pytest.raises(LocalStackError, match="10000-19999"):
        commands.free_port()
