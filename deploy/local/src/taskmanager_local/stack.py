"""The stack as a whole: plans it, starts and stops it in order, and reports its status."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from taskmanager_local import readiness
from taskmanager_local.commands import Command, LocalStackError
from taskmanager_local.launch import read_record
from taskmanager_local.mongod import Mongod
from taskmanager_local.orchestrated import running
from taskmanager_local.plan import make_plan, mongod_folder
from taskmanager_local.rabbitmq import wait_until_broker_answers
from taskmanager_local.services import Options, migrate_command
from taskmanager_local.state import Plan, StackFolder, load_plan, save_plan
from taskmanager_local.supervision import (
    SERVERS,
    SERVICES,
    Supervisor,
    end_left_over,
    end_processes,
    find_process,
)

MIGRATE_LIMIT = timedelta(seconds=60)

Say = Callable[[str], None]
"""Takes a line about what is happening."""


@dataclass(frozen=True)
class ProcessStatus:
    """The status of one process.

    Attributes:
        state: RUNNING, WAITING (before its next start), STOPPED.
        pid: None unless it is running.
        restarts: since the last `up`.
        started: when it was last started (ISO 8601), or will be next.
        problem: what keeps it from being ready, None if nothing does.
    """

    name: str
    state: str
    pid: int | None
    port: int | None
    restarts: int
    started: str | None
    problem: str | None


class Stack:
    """Everything under one folder."""

    def __init__(self, folder: StackFolder, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._supervisor = Supervisor(folder)

    def up(self, options: Options) -> Plan:
        """Start what is not running, in order, and wait until everything is ready.

        The next `up` continues an interrupted one. Options take effect only when nothing is running yet.

        Raises:
            LocalStackError: something is missing or did not become ready; the message says what to do.
        """
        with self._folder.locked():
            running = self._running_plan()
            if running and all(status.problem is None for status in self.status(running)):
                self._say("everything is up already")
                return running
            plan = running or self._begin(options)
            self._start_servers(plan)
            self._migrate(plan)
            self._start_services(plan)
            return plan

    def down(self) -> bool:
        """End exactly what `up` started, services first; True if anything was running."""
        with self._folder.locked():
            plan = load_plan(self._folder)
            if plan is None:
                return False
            was_running = self._supervisor.is_running()
            if was_running:
                self._say("stopping the services")
                self._supervisor.stop_group(SERVICES)
                self._end_replicas()
                self._say("stopping the servers")
                self._supervisor.stop_group(SERVERS)
                self._supervisor.shutdown()
            left_over = self._end_left_over(plan)
            if left_over:
                self._say(f"ended what a killed supervisor left: {', '.join(left_over)}")
            return was_running or bool(left_over)

    def status(self, plan: Plan) -> list[ProcessStatus]:
        """The status of every process of the plan."""
        return [self._process_status(command) for command in plan.commands]

    def _running_plan(self) -> Plan | None:
        return load_plan(self._folder) if self._supervisor.is_running() else None

    def _begin(self, options: Options) -> Plan:
        kept = load_plan(self._folder)
        if kept:
            self._end_left_over(kept)
        plan = make_plan(self._folder, options)
        for command in plan.commands:
            self._folder.record(command.name).unlink(missing_ok=True)
        save_plan(self._folder, plan)
        self._supervisor.configure(plan.servers, plan.services)
        self._supervisor.start()
        return plan

    def _end_left_over(self, plan: Plan) -> list[str]:
        ended = end_left_over(self._folder, [command.name for command in plan.services])
        return [
            *ended,
            *self._end_replicas(),
            *end_left_over(self._folder, [command.name for command in reversed(plan.servers)]),
        ]

    def _end_replicas(self) -> list[str]:
        """End the runners that the orchestrator started, once it is gone; returns their ids."""
        return end_processes(running(self._folder))

    def _start_servers(self, plan: Plan) -> None:
        if plan.servers:
            self._say(f"starting {' and '.join(c.name for c in plan.servers if c.name != 'epmd')}")
        self._supervisor.start_processes(command.name for command in plan.servers)
        for command in plan.servers:
            if command.name == "rabbitmq":
                wait_until_broker_answers(plan.amqp_url)
            if command.name == "mongod" and command.port:
                mongod = Mongod(mongod_folder(self._folder), command.port)
                mongod.wait_until_ready()
                mongod.ensure_accounts()

    def _migrate(self, plan: Plan) -> None:
        self._say("declaring queues and making indexes")
        migrate = migrate_command(plan.migrate, log_in=plan.log_in)
        with self._folder.log("migrate").open("ab") as log:
            ended = subprocess.run(
                migrate.arguments,
                env={**os.environ, **migrate.environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
                timeout=MIGRATE_LIMIT.total_seconds(),
            )
        for line in ended.stdout.splitlines():  # the first password: for the terminal, not for a log
            self._say(line)
        if ended.returncode != 0:
            raise LocalStackError(
                f"taskmanager-migrate failed:\n{readiness.log_tail(self._folder, 'migrate')}"
            )

    def _start_services(self, plan: Plan) -> None:
        self._say(f"starting {', '.join(command.name for command in plan.services)}")
        self._supervisor.start_processes(command.name for command in plan.services)
        readiness.wait_until_ready(self._folder, plan.services)

    def _process_status(self, command: Command) -> ProcessStatus:
        record = read_record(self._folder.record(command.name))
        process = find_process(record)
        state, problem = "RUNNING", None
        if record is None or process is None:
            state, problem = "STOPPED", "does not run"
        elif record.starts_at > datetime.now(UTC):
            state, problem = "WAITING", f"crashed {record.crashes_in_a_row} times in a row; starts again then"
        else:
            problem = readiness.unready_reason(command)
        return ProcessStatus(
            name=command.name,
            state=state,
            pid=process.pid if process else None,
            port=command.port,
            restarts=record.restarts if record else 0,
            started=record.started if record else None,
            problem=problem,
        )
