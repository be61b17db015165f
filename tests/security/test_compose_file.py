"""The compose file as Docker Compose itself reads it: what each container may do, reach and read."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deploy import lint_containers

ROOT = Path(__file__).parents[2]
RUNNERS = {"runner-shell", "runner-jp2"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Every service with all that it inherits."""
    try:
        command = lint_containers.compose_command()
    except lint_containers.UnavailableError as reason:
        pytest.skip(f"no Docker Compose: {reason}")
    file = str(ROOT / "docker-compose.yml")
    read = subprocess.run(
        [*command, "-f", file, "config", "--format", "json"], capture_output=True, check=True
    )
    found: dict[str, dict[str, Any]] = json.loads(read.stdout)["services"]
    return found


def test_no_container_has_more_rights_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("cap_add", []) == (["CHOWN"] if name == "accounts" else []), name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["mem_limit"]) > 0, name
        assert 0 < service["pids_limit"] <= 1000, name


def test_the_only_open_port_is_that_of_the_gateway_on_this_machine(
    services: dict[str, dict[str, Any]],
) -> None:
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(ports) == {"gateway"}
    assert [port["host_ip"] for port in ports["gateway"]] == ["127.0.0.1"]


def test_networks_go_by_need(services: dict[str, dict[str, Any]]) -> None:
    on = {
        network: {name for name, service in services.items() if network in (service.get("networks") or ())}
        for network in ("database", "broker", "front")
    }
    assert on["database"] == {"mongo", "replica-set", "migrate", "gateway", "scheduler"}
    assert on["broker"] == {"rabbitmq", "migrate", "gateway", "scheduler", *RUNNERS}
    assert on["front"] == {"gateway"}


def test_no_password_stands_in_the_file_and_each_process_sees_its_own_only(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            assert "@" not in str(value), (name, variable)
            assert "PASS" not in variable, (name, variable)
        sources = [volume.get("source", "") for volume in service.get("volumes", [])]
        own = {source for source in sources if source.startswith("accounts")}
        if name != "accounts":
            server = {"rabbitmq": "broker", "mongo": "database"}.get(name, name)
            assert own == {f"accounts-{server}"}, name


def test_only_runners_may_write_the_files_of_goobi(services: dict[str, dict[str, Any]]) -> None:
    writable = {
        name
        for name, service in services.items()
        for volume in service.get("volumes", [])
        if volume["target"] == "/files" and not volume.get("read_only")
    }
    assert writable == RUNNERS
