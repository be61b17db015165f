"""The commands that start our own services: how many, with which settings and on which ports."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from taskmanager_local.access import ServiceAccess
from taskmanager_local.commands import LOOPBACK, Command, LocalStackError, private_folder
from taskmanager_local.orchestrated import ReplicaCommand, write_file
from taskmanager_local.state import Ports, StackFolder

READY_PATH = "/health/ready"
LIST_LIMIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Options:
    """What the caller of `up` may choose.

    Attributes:
        roots: absolute folders that jobs may use.
        slots: how many jobs one runner runs at a time.
        transfers: how many jobs one runner transfers in or out at a time.
        runners: how many runners each plugin has.
        orchestrator: whether one is started, so that the pages can start and stop further runners.
        plugins: the plugins to start runners for; if empty, all that are installed.
        log_in: whether users and programs have to authenticate.
        goobi: the Goobi to start with them (a key of `goobi.DIALECTS`); None for none.
        gateway_port: the port of the first gateway; None for any free one.
        amqp_port: the port of the private broker; None for any free one.
        mongodb_port: the port of the private mongod; None for any free one.
        broker_metrics_port: where the private broker serves its own metrics; None for nowhere.
    """

    roots: tuple[Path, ...]
    slots: int = 2
    transfers: int = 2
    schedulers: int = 1
    gateways: int = 1
    runners: int = 1
    gateway_port: int | None = None
    amqp_port: int | None = None
    mongodb_port: int | None = None
    broker_metrics_port: int | None = None
    plugins: tuple[str, ...] = ()
    goobi: str | None = None
    log_in: bool = True
    orchestrator: bool = True


def program(name: str) -> str:
    """The installed command of that name: preferably the one next to our own Python.

    Raises:
        LocalStackError: it is not installed.
    """
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        raise LocalStackError(f"{name} is not installed: run `make setup`")
    return found


def installed_plugins() -> list[str]:
    """The plugins that the runner can run here.

    Raises:
        LocalStackError: the runner could not list them; its own message is included.
    """
    return _listed_plugins().stdout.split()


def _listed_plugins() -> subprocess.CompletedProcess[str]:
    """The plugins that can run on stdout; on stderr those that cannot, and what they lack."""
    listing = subprocess.run(
        [program("taskmanager-plugin-runner"), "--list"],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIST_LIMIT.total_seconds(),
    )
    if listing.returncode != 0:
        raise LocalStackError(f"taskmanager-plugin-runner --list failed:\n{listing.stderr}")
    return listing


def _chosen(wanted: tuple[str, ...], installed: list[str]) -> list[str]:
    if unknown := sorted(set(wanted) - set(installed)):
        known = ", ".join(installed)
        raise LocalStackError(f"no such plugin: {', '.join(unknown)}; installed: {known}")
    return [plugin for plugin in installed if not wanted or plugin in wanted]


@dataclass(frozen=True)
class ServiceCommands:
    """Makes the commands of one stack.

    Attributes:
        environment: what every service needs to know: roots, log format.
        access: the addresses with which each service reaches broker and database.
    """

    folder: StackFolder
    ports: Ports
    options: Options
    environment: Mapping[str, str]
    access: ServiceAccess

    def all(self) -> list[Command]:
        """Gateways, schedulers, runners and the orchestrator, in this order."""
        plugins = self._plugins()
        numbers = range(1, self.options.runners + 1)
        runners = [self._runner(plugin, number) for plugin in plugins for number in numbers]
        orchestrators = [self._orchestrator(plugins)] if self.options.orchestrator else []
        return [*self._gateways(), *self._schedulers(), *runners, *orchestrators]

    def _gateways(self) -> list[Command]:
        preferred = [self.options.gateway_port, *[None] * (self.options.gateways - 1)]
        return [
            self._with_store(f"gateway-{number}", "taskmanager-gateway", self.access.gateway, port)
            for number, port in enumerate(preferred, start=1)
        ]

    def _schedulers(self) -> list[Command]:
        numbers = range(1, self.options.schedulers + 1)
        access = self.access.scheduler
        return [
            self._with_store(f"scheduler-{number}", "taskmanager-scheduler", access) for number in numbers
        ]

    def _plugins(self) -> list[str]:
        listing = _listed_plugins()
        sys.stderr.write(listing.stderr)
        return _chosen(self.options.plugins, listing.stdout.split())

    def _with_store(
        self, name: str, command: str, access: Mapping[str, str], port: int | None = None
    ) -> Command:
        environment = dict(access)
        if not self.options.log_in:
            environment["TASKMANAGER_ACCESS"] = "off"
        return self._command(name, [program(command)], environment, port)

    def _runner(self, plugin: str, number: int) -> Command:
        # the same id at every start, so that the scheduler recognises a runner that comes back
        identity = f"local-{plugin}-{number}"
        workspace = private_folder(self.folder.path / "workspace" / identity)
        return self._command(
            f"runner-{plugin}-{number}",
            self._runner_arguments(plugin, identity),
            {**self.access.runner(plugin), "TASKMANAGER_WORKSPACE": str(workspace)},
        )

    def _runner_arguments(self, plugin: str, identity: str) -> list[str]:
        arguments = [program("taskmanager-plugin-runner"), "--plugin", plugin, "--id", identity]
        return [*arguments, "--slots", str(self.options.slots), "--transfers", str(self.options.transfers)]

    def _orchestrator(self, plugins: Sequence[str]) -> Command:
        workspace = str(private_folder(self.folder.path / "workspace"))
        own = {"TASKMANAGER_WORKSPACE": workspace, "TASKMANAGER_HTTP_PORT": "0"}
        replicas = {
            plugin: ReplicaCommand(
                self._runner_arguments(plugin, "{name}"), {**self.access.runner(plugin), **own}
            )
            for plugin in plugins
        }
        return self._command(
            "orchestrator",
            [program("taskmanager-orchestrator")],
            {
                **self.access.orchestrator,
                "TASKMANAGER_ORCHESTRATOR": str(write_file(self.folder, replicas)),
            },
        )

    def _command(
        self,
        name: str,
        arguments: list[str],
        environment: Mapping[str, str],
        port: int | None = None,
    ) -> Command:
        port = self.ports.take(name, port)
        variables = {**self.environment, **environment, "TASKMANAGER_HTTP_PORT": str(port)}
        return Command(name, arguments, variables, port, READY_PATH)


def migrate_command(access: Mapping[str, str], *, log_in: bool = True) -> Command:
    """The command that declares the topology and makes the indexes; run once before the services.

    It makes the first admin only where somebody has to log in: whoever starts that sees the password.
    """
    options = [] if log_in else ["--no-admin"]
    return Command("migrate", [program("taskmanager-migrate"), *options], access)


def service_environment(roots: tuple[Path, ...]) -> dict[str, str]:
    """The settings all services share; other TASKMANAGER_ variables of the caller reach them unchanged."""
    return {
        "TASKMANAGER_HTTP_HOST": LOOPBACK,
        "TASKMANAGER_ROOTS": os.pathsep.join(str(root) for root in roots),
    }
