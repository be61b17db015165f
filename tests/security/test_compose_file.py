"""The compose file as Docker Compose itself reads it: what each container may do, reach and read."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy import lint_containers

ROOT = Path(__file__).parents[2]
RUNNERS = {
    f"runner-{name}"
    for name in (
        *("shell", "jp2", "altoconvert", "epub", "jp2validation", "ocr", "pdf", "tiffvalidation"),
        *("download", "upload", "dropfolder", "checksums", "images", "media", "mets"),
    )
}
TRANSFER = "transfer"
"""The profile of the runners that need an operator's templates."""


def read(*files: str, profile: str | None = None) -> dict[str, dict[str, Any]]:
    """Every service with all that it inherits, from these files together, and those of the profile."""
    try:
        command = lint_containers.compose_command()
    except lint_containers.UnavailableError as reason:
        pytest.skip(f"no Docker Compose: {reason}")
    chosen = [part for file in files for part in ("-f", str(ROOT / file))]
    chosen += ["--profile", profile] if profile else []
    done = subprocess.run([*command, *chosen, "config", "--format", "json"], capture_output=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Of the file as it is."""
    return read("docker-compose.yml", profile=TRANSFER)


@pytest.fixture(scope="module")
def with_tls() -> dict[str, dict[str, Any]]:
    """Of the file with that of TLS over it."""
    return read("docker-compose.yml", "docker-compose.tls.yml", profile=TRANSFER)


@pytest.fixture(scope="module")
def monitored(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the profile for monitoring adds."""
    every = read("docker-compose.yml", profile="monitoring")
    return {name: service for name, service in every.items() if name not in services}


def test_no_container_has_more_rights_than_it_needs(
    services: dict[str, dict[str, Any]], monitored: dict[str, dict[str, Any]]
) -> None:
    for name, service in {**services, **monitored}.items():
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


def test_what_watches_is_open_to_this_machine_only_knows_no_password_and_reaches_no_database(
    monitored: dict[str, dict[str, Any]],
) -> None:
    assert {name: set(service["networks"]) for name, service in monitored.items()} == {
        "prometheus": {"broker", "monitoring"},
        "grafana": {"monitoring"},
    }
    settings = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.compose.yml").read_text(encoding="utf-8"))
    [port] = re.findall(
        r"TASKMANAGER_HTTP_PORT=(\d+)", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    )
    by_name = [one["dns_sd_configs"][0]["port"] for one in settings["scrape_configs"][:3]]
    assert by_name == [int(port)] * 3
    asked = {one["job_name"]: one["dns_sd_configs"][0]["names"] for one in settings["scrape_configs"][:3]}
    assert set(asked["taskmanager-runner"]) == RUNNERS
    assert {name for names in asked.values() for name in names} == {"gateway", "scheduler", *RUNNERS}
    for name, service in monitored.items():
        assert [port["host_ip"] for port in service["ports"]] == ["127.0.0.1"], name
        assert not [one for one in service["volumes"] if one["source"].startswith("accounts")], name
        binds = [one for one in service["volumes"] if one["type"] == "bind"]
        assert binds, name
        assert all(one["read_only"] and Path(one["source"]).is_dir() for one in binds), name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name
    grafana = monitored["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert grafana["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert grafana["GF_AUTH_BASIC_ENABLED"] == "false"


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


def test_temporary_file_systems_have_no_owner_and_logs_an_end(services: dict[str, dict[str, Any]]) -> None:
    """podman has no `uid` option for tmpfs, and nothing else limits what a container logs."""
    for name, service in services.items():
        assert not [mount for mount in service["tmpfs"] if "uid=" in mount], name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name


def test_health_commands_are_words_without_spaces_or_for_a_shell(services: dict[str, dict[str, Any]]) -> None:
    """podman 4 splits the words of a health command at spaces."""
    for name, service in services.items():
        kind, *words = service.get("healthcheck", {}).get("test") or ["NONE"]
        assert kind in {"NONE", "CMD-SHELL"} or not any(" " in word for word in words), name


def test_tls_takes_no_right_and_no_setting_away_but_adds_its_own(
    services: dict[str, dict[str, Any]], with_tls: dict[str, dict[str, Any]]
) -> None:
    assert set(with_tls) == set(services)
    for name, service in with_tls.items():
        plain = services[name]
        same = (
            "cap_drop",
            "read_only",
            "security_opt",
            "networks",
            "ports",
            "mem_limit",
            "pids_limit",
            "user",
        )
        assert {key: service.get(key) for key in same} == {key: plain.get(key) for key in same}, name
        if name != "accounts":
            assert service.get("cap_add") == plain.get("cap_add"), name
    for name in ("accounts", "mongo"):
        assert set(services[name]["command"]) - set(with_tls[name]["command"]) <= {"rabbitmq:5672"}, name
    assert "requireTLS" in with_tls["mongo"]["command"]
    assert with_tls["accounts"]["cap_add"] == ["CHOWN", "DAC_READ_SEARCH"]
