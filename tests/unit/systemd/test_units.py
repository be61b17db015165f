"""Units name programs, settings and passwords that exist, outlast the drain of runners, and are confined."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy.reference.settings import SERVICES as SETTINGS
from tests.unit.systemd.units import (
    FILES,
    ROOT,
    RUNNER,
    SERVICES,
    SYSTEMD,
    environment,
    installed,
    read,
    seconds,
)

from taskmanager.process.config import Settings
from taskmanager_orchestrator.settings import load
from taskmanager_plugin_runner.settings import RUNNER_ID_PATTERN, RunnerSettings
from taskmanager_scheduler.cli.accounts import main as make_accounts

BIN = "/opt/taskmanager/bin/"
CONFINED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectHostname": "yes",
    "ProtectClock": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectProc": "invisible",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
}
"""What every service has."""
NOT_FOR_PLUGINS = {
    "ProtectControlGroups": "yes",
    "RestrictSUIDSGID": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RemoveIPC": "yes",
    "UMask": "0077",
}
"""What every service has but runners: a plugin runs programs that may need it, and makes files for others."""


def name_of(path: Path) -> str:
    return path.name


def setting_names() -> frozenset[str]:
    return frozenset(name for settings in SETTINGS.values() for name in _names(settings))


def _names(settings: type[Settings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        choices = getattr(alias, "choices", None) or [alias or f"TASKMANAGER_{name.upper()}"]
        for choice in choices:
            yield from (str(choice), f"{choice}_FILE")


def programs() -> frozenset[str]:
    files = [*(ROOT / "services").glob("*/pyproject.toml")]
    projects = (tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in files)
    return frozenset(name for project in projects for name in project.get("scripts", {}))


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_the_program_is_one_of_ours(path: Path) -> None:
    [command] = read(path)["Service"]["ExecStart"]
    program = command.split()[0]
    assert program.startswith(BIN)
    assert program.removeprefix(BIN) in programs()


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_every_variable_is_a_setting_or_part_of_the_command(path: Path) -> None:
    unit = read(path)
    [command] = unit["Service"]["ExecStart"]
    used = set(re.findall(r"\$\{?(\w+)", command))
    assert {name for name, _ in environment(unit)} - setting_names() == used


@pytest.mark.parametrize("path", sorted((SYSTEMD / "environment").glob("*.env")), ids=name_of)
def test_every_example_is_a_setting(path: Path) -> None:
    names = set(re.findall(r"^#?([A-Z_]+)=", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert names
    assert names - setting_names() <= {"RUNNER_OPTIONS"}


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_every_password_is_one_that_the_accounts_have(path: Path, tmp_path: Path) -> None:
    make_accounts([str(tmp_path), "--plugins", "PLUGIN", "--broker", "h:1", "--database", "h:2/taskmanager"])
    unit = read(path)
    loaded = dict(one.split(":", 1) for one in unit["Service"]["LoadCredential"])
    for file in loaded.values():
        assert (tmp_path / file.removeprefix("/etc/taskmanager/accounts/")).is_file(), file
    named = {value for name, value in environment(unit) if name.endswith("_FILE")}
    assert named == {f"%d/{name}" for name in loaded}


def test_a_runner_has_longer_to_stop_than_its_jobs_have_to_end() -> None:
    unit = read(RUNNER)
    [stop] = unit["Service"]["TimeoutStopSec"]
    drain = float(dict(environment(unit))["TASKMANAGER_DRAIN_SECONDS"])
    assert seconds(stop) >= drain + 20
    assert drain >= RunnerSettings.model_fields["drain_seconds"].default
    assert unit["Service"]["KillMode"] == ["mixed"], (
        "else a job's programs get SIGTERM together with the runner"
    )


@pytest.mark.parametrize("instance", ["jp2-1", "host-1.jp2.4", "_a"])
def test_what_follows_the_at_sign_is_the_id_and_has_a_workspace_of_its_own(instance: str) -> None:
    unit = read(RUNNER)
    [command] = unit["Service"]["ExecStart"]
    assert "--id %i " in command
    assert dict(environment(unit))["TASKMANAGER_WORKSPACE"] == "%S/taskmanager/%i"
    assert unit["Service"]["StateDirectory"] == ["taskmanager/%i"]
    assert re.fullmatch(RUNNER_ID_PATTERN, instance)


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_a_service_is_confined(path: Path) -> None:
    service = read(path)["Service"]
    wanted = CONFINED if path == RUNNER else {**CONFINED, **NOT_FOR_PLUGINS}
    assert {key: service.get(key) for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert service["SystemCallFilter"][0] == "@system-service"
    assert service["User"] != ["root"]


@pytest.mark.parametrize("path", SERVICES, ids=name_of)
def test_a_service_belongs_to_the_target_and_never_gives_up(path: Path) -> None:
    unit = read(path)
    assert unit["Unit"]["PartOf"] == ["taskmanager.target"]
    assert unit["Install"]["WantedBy"] == ["taskmanager.target"]
    assert unit["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert unit["Service"]["Restart"][0] in {"always", "on-failure"}


def test_every_user_is_made(tmp_path: Path) -> None:
    made = re.findall(r"^u (\S+)", (SYSTEMD / "sysusers.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert {user for path in SERVICES for user in read(path)["Service"]["User"]} == set(made)


def test_the_example_of_an_orchestrator_is_one(tmp_path: Path) -> None:
    file = load(SYSTEMD / "environment" / "orchestrator.toml")
    assert (file.engine, file.most) == ("systemd", {"jp2": 2})


def test_an_orchestrated_runner_is_not_started_again_by_systemd() -> None:
    assert read(SYSTEMD / "orchestrated.conf")["Service"] == {"Restart": ["no"]}


def test_each_plugin_gets_a_template_of_its_own_and_settings_stay(tmp_path: Path) -> None:
    units = installed(tmp_path, "jp2", "my-plugin")
    for plugin in ("jp2", "my-plugin"):
        text = (units / f"taskmanager-runner-{plugin}@.service").read_text(encoding="utf-8")
        assert f"--plugin {plugin} " in text
        assert "PLUGIN" not in text
    settings = tmp_path / "etc" / "taskmanager" / "taskmanager.env"
    settings.write_text("TASKMANAGER_ROOTS=/mine\n", encoding="utf-8")
    installed(tmp_path, "jp2")
    assert settings.read_text(encoding="utf-8") == "TASKMANAGER_ROOTS=/mine\n"


@pytest.mark.parametrize("name", ["../x", "JP2", "a b", ""])
def test_what_is_no_name_of_a_plugin_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AssertionError, match="is no name of a plugin"):
        installed(tmp_path, name)
    assert not list(tmp_path.iterdir())


def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here; the trial of `make systemd` asks it too")
    units = installed(tmp_path, "jp2")
    for path in units.glob("taskmanager*"):
        if path.is_file():  # the programs are not installed here
            text = re.sub(
                rf"^ExecStart={BIN}\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE
            )
            path.write_text(text, encoding="utf-8")
    names = [str(path) for path in units.glob("taskmanager*") if path.is_file()]
    assert len(names) == len(FILES)
    done = subprocess.run(
        ["/usr/bin/systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "taskmanager" in line] == []
