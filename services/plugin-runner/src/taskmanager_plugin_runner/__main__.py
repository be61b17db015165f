"""Wires a runner: `taskmanager-plugin-runner --plugin NAME`. Settings, RabbitMQ and HTTP meet only here."""

from taskmanager.process import swift_start  # noqa: F401 - what it does is done by importing it

# isort: split

import argparse
import asyncio
import os
import re
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import uvloop
from pydantic import ValidationError

from taskmanager import __version__
from taskmanager.errors import TaskManagerError
from taskmanager.goobi.settings import load as load_goobi
from taskmanager.messages.topology import Binding
from taskmanager.model.manifest import PluginManifest
from taskmanager.plugin_api.interface import incomplete, installed_names, load
from taskmanager.process import logs, tracing
from taskmanager.process.clock import SystemClock
from taskmanager.process.config import exit_text
from taskmanager.process.garbage import keep_what_is_loaded
from taskmanager.process.lifecycle import run_parts, stop_on_signals
from taskmanager.process.metrics import BUILD
from taskmanager.rabbit import Broker
from taskmanager.serving.http import HttpServer, health_app
from taskmanager_plugin_runner.attempt.limit_watch import tell_limits
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.files.seals import Seal
from taskmanager_plugin_runner.messaging.heartbeats import RunnerIdentity
from taskmanager_plugin_runner.messaging.outbox import Outbox
from taskmanager_plugin_runner.metrics import begin
from taskmanager_plugin_runner.runner import Runner
from taskmanager_plugin_runner.settings import (
    RUNNER_ID_PATTERN,
    ForeignLinks,
    Provenance,
    RunnerSettings,
    default_runner_id,
)
from taskmanager_plugin_runner.slot_protocol import SlotOptions
from taskmanager_plugin_runner.system import orphaned_processes
from taskmanager_plugin_runner.system.control_groups import divide
from taskmanager_plugin_runner.system.secrecy import close_to_others, forget_secrets
from taskmanager_plugin_runner.system.slot_users import require_rights, tell_users
from taskmanager_plugin_runner.transport.recovery import held_folder, recover
from taskmanager_plugin_runner.transport.workspace_space import WorkspaceSpace

CONFIRM_LIMIT = timedelta(seconds=10)
WRONG_USE = 2
"""Exit code for a wrong option, setting or plugin; 1 is a failure at run time."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; exits with 2 if it is invalid."""
    parser = argparse.ArgumentParser("taskmanager-plugin-runner", description="Run the jobs of one plugin.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plugin", metavar="NAME", help="the plugin whose jobs to run")
    what.add_argument(
        "--list",
        action="store_true",
        help="print the installed plugins, one per line; what others lack goes to stderr",
    )
    parser.add_argument(
        "--slots", type=_positive, default=1, metavar="N", help="jobs to run at once (default: 1)"
    )
    parser.add_argument(
        "--transfers",
        type=_positive,
        default=2,
        metavar="M",
        help="jobs that may transfer files at once (default: 2)",
    )
    parser.add_argument(
        "--id",
        type=_runner_id,
        metavar="ID",
        help="id of this runner, the same at every start; {number} in it: the lowest that is free "
        "in the workspace (default: HOST-PLUGIN)",
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _runner_id(text: str) -> str:
    if not re.fullmatch(RUNNER_ID_PATTERN, text):
        raise argparse.ArgumentTypeError(
            f"{text!r} may only hold letters, digits, '.', '_', '-' and once {{number}}"
        )
    return text


def identify(
    runner: str, options: argparse.Namespace, settings: RunnerSettings, manifest: PluginManifest
) -> RunnerIdentity:
    """How the runner with this id identifies itself to the scheduler."""
    return RunnerIdentity(
        runner=runner,
        instance=uuid4().hex,
        manifest=settings.limited(manifest, options.slots),
        host=socket.gethostname(),
        version=__version__,
        slots=options.slots,
        transfers=options.transfers,
        started_at=SystemClock().now(),
    )


async def serve(identity: RunnerIdentity, settings: RunnerSettings, folder: Path, seal: Seal) -> None:
    """Run until SIGTERM, then drain. The connections outlive the runner so that its last messages arrive."""
    asked, plugin, topology = asyncio.Event(), identity.manifest.name, settings.topology
    stop_on_signals(asked)
    url = settings.amqp_url.get_secret_value()
    publishing = Broker(url, f"runner {identity.runner} publish", purpose="publish")
    consuming = Broker(url, f"runner {identity.runner} consume", purpose="consume")
    publisher = publishing.publisher(CONFIRM_LIMIT)
    outbox = Outbox(publisher, topology, plugin=plugin, runner=identity.runner, instance=identity.instance)
    options = SlotOptions(
        plugin,
        str(folder),
        settings.roots,
        settings.upload_mode,
        os.getpid(),
        settings.nice,
        paths=settings.paths,
        ahead_bytes=settings.ahead_bytes,
        goobi=str(settings.files_api.resolve()) if settings.files_api else "",
        foreign_links=settings.foreign_hard_links is ForeignLinks.ALLOW,
        memory_bytes=identity.manifest.limits.memory_limit_bytes,
        journal_key=seal.key.hex(),
        provenance=settings.provenance is Provenance.ON,
    )
    groups = divide()
    by_kernel = groups is not None and "memory" in groups.controllers
    tell_limits(identity.manifest, settings.nice, by_kernel=by_kernel)
    tell_users(settings.users)
    runner = Runner(identity, settings, options, outbox, consuming.lanes(topology.jobs(plugin)), groups)
    queue = topology.runner_control(plugin, identity.runner)
    keys = (topology.runner_key(plugin, identity.runner), topology.plugin_key(plugin))
    control = consuming.subscribe(
        queue, runner.on_control, bindings=[Binding(topology.control, queue.name, key) for key in keys]
    )

    def connected() -> None:
        if publisher.ready and control.ready:
            runner.hello()

    async def work(over: asyncio.Event) -> None:
        ending = asyncio.create_task(_set_after(over, asked))
        await runner.run(asked)
        ending.cancel()

    publishing.on_connected(connected)
    consuming.on_connected(connected)
    checks = {"publishing": publishing.check, "consuming": consuming.check, "runner": runner.check}
    health = HttpServer(health_app(checks), settings.http_host, settings.http_port)
    BUILD.labels("plugin-runner", __version__).set(1)
    keep_what_is_loaded()
    begin(plugin, AttemptOutcome)
    space = WorkspaceSpace(folder, plugin)
    parts = [health.run, publishing.run, consuming.run, outbox.run, space.run, work]
    await run_parts(parts, asyncio.Event())


async def _set_after(first: asyncio.Event, then: asyncio.Event) -> None:
    await first.wait()
    then.set()


def main() -> None:
    """Exit with 0 after SIGTERM, 2 for a usage error, or 1 with one line on stderr if it cannot continue."""
    options = parse(sys.argv[1:])
    if options.list:
        print("\n".join(installed_names()))  # noqa: T201 - the output of the command
        sys.stderr.writelines(f"not available: {sentence}\n" for sentence in incomplete())
        return
    close_to_others()
    try:
        settings = RunnerSettings()
        forget_secrets()
        _ = settings.job_roots  # a wrong folder is reported now, not by the first job
        require_rights(settings.users)
        _ = load_goobi(settings.files_api)
        manifest = load(options.plugin).manifest
    except ValidationError as error:
        _leave(_settings_text(error), WRONG_USE)
    except TaskManagerError as error:
        _leave(str(error), WRONG_USE)
    logs.configure("plugin-runner", log_format=settings.log_format, level=settings.log_level)
    wanted = options.id or settings.runner_id or default_runner_id(manifest.name)
    try:
        tracing.configure("plugin-runner", __version__, settings.otlp_endpoint)
        with held_folder(settings.workspace, wanted) as folder:
            identity = identify(folder.name, options, settings, manifest)
            seal = settings.seal
            orphaned_processes.end(folder, {user.uid for user in settings.users})
            recover(folder, settings.goobi, seal)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
                loop.run(serve(identity, settings, folder, seal))
        tracing.shut_down()
    except* TaskManagerError as group:
        _leave("; ".join(map(str, _leaves(group))), 1)
    except* OSError as group:
        _leave("; ".join(map(str, _leaves(group))), 1)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _settings_text(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(f"setting {'.'.join(map(str, fault['loc'])) or '?'}: {fault['msg']}" for fault in faults)


def _leave(text: str, code: int) -> None:
    line = exit_text(RuntimeError(text))
    sys.stderr.write(f"taskmanager-plugin-runner: {line}\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
