"""A slot as the runner sees it: starts the process, sends orders, receives events, kills its whole group.

Knows neither the broker nor job states. Nothing here blocks, whatever the job's processes do.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import cast

from taskmanager.errors import JobKilledError, PermanentError, TemporaryError
from taskmanager.messages import Grant
from taskmanager.model.control import DesiredState
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.failures import SlotEndedError
from taskmanager_plugin_runner.slot.bunch_channel import BunchChannel
from taskmanager_plugin_runner.slot.listeners import BunchListener, SlotListener, tell
from taskmanager_plugin_runner.slot_protocol import (
    LINE_BYTES,
    AtRest,
    FileNote,
    LogNote,
    Note,
    ProgressNote,
    Ready,
    Settle,
    SlotAnswer,
    SlotBunch,
    SlotControl,
    SlotOptions,
    SlotOrder,
    SlotStep,
    SuspensionNote,
    Tenure,
    ToolNote,
    decode_event,
)
from taskmanager_plugin_runner.system.child import ChildProcess
from taskmanager_plugin_runner.system.control_groups import SlotGroup
from taskmanager_plugin_runner.system.orphaned_processes import note_slot
from taskmanager_plugin_runner.system.output_pipe import OutputPipe
from taskmanager_plugin_runner.system.processes import (
    kill_group,
    resume_group,
    suspend_group,
    terminate_group,
)
from taskmanager_plugin_runner.system.secrecy import without_secrets

START_LIMIT = timedelta(seconds=60)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What a slot is told about a step beside the job: see `SlotOrder`; and what it is to do."""

    desired: DesiredState | None = None
    ahead: bool = False
    processors: tuple[int, ...] = ()


class _Link(asyncio.Protocol):
    """The socket to the process, split into lines."""

    def __init__(self, slot: "SlotProcess") -> None:
        self._slot = slot
        self._rest = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's transports only behave like one

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._slot.on_line(line)
        if len(self._rest) > LINE_BYTES:
            self._slot.kill()


class SlotProcess:
    """One slot: at most one process at a time, replaced by `start` after it has ended."""

    def __init__(self, number: int, options: SlotOptions, group: SlotGroup | None = None) -> None:
        """`number` is also the lane's; `group` contains the slot's processes, if the system provides one."""
        self.number = number
        self._group = group
        self.listener: SlotListener | None = None
        self._options = replace(options, group=str(group.folder)) if group is not None else options
        self._numbers = count(1)
        self._number = 0
        self._guard: int | None = None
        self._killed = False
        self._process: ChildProcess | None = None
        self._transport: asyncio.Transport | None = None
        self._output: OutputPipe | None = None
        self._ready: asyncio.Future[None] | None = None
        self._channel: BunchChannel | None = None
        self._begun: asyncio.Future[SlotAnswer] | None = None
        self._early: SlotAnswer | None = None
        self._answer: asyncio.Future[SlotAnswer] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._on_end: Callable[[JobKilledError], object] | None = None
        self.ended = asyncio.Event()
        self.ended.set()

    def when_ended(self, callback: Callable[[JobKilledError], object]) -> None:
        """Call back once when the process ends; replaces an earlier callback."""
        self._on_end = callback

    @property
    def alive(self) -> bool:
        """Whether the slot's process is running."""
        return not self.ended.is_set()

    @property
    def pid(self) -> int | None:
        """Process id and process group of the slot, None if it is not running."""
        return self._process.pid if self._process is not None and self.alive else None

    async def start(self) -> None:
        """Start the process and wait until it has loaded the plugin.

        Raises TemporaryError if it ends or does not become ready in time, PermanentError if the plugin does
        not load.
        """
        if self._group is not None:
            self._group.make()
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        ours, theirs = socket.socketpair()
        self._output = OutputPipe(self._on_output, self._before_output)
        self._channel = BunchChannel(self.on_line)
        self._begun = None
        try:
            self._process = self._spawn(theirs, self._output, self._channel)
        except OSError:
            ours.close()
            self._output.close()
            self._channel.close()
            raise
        finally:
            theirs.close()
            self._output.close_writing()
            self._channel.close_writing()
        self.ended.clear()
        self._killed = False
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        _, link = await loop.create_unix_connection(lambda: _Link(self), sock=ours)
        self._transport = cast("asyncio.Transport", link.transport)
        self._transport.write(self._options.encode())
        self._watching = asyncio.create_task(self._watch(self._process), name=f"slot {self.number}")
        try:
            async with asyncio.timeout(START_LIMIT.total_seconds()):
                await self._ready
        except TimeoutError as error:
            await self.stop()
            raise TemporaryError(attempt_texts.SLOT_NOT_READY()) from error

    def _spawn(self, theirs: socket.socket, output: OutputPipe, channel: BunchChannel) -> ChildProcess:
        isolated = "-P"  # nothing may be imported from the working folder
        kept = (theirs.fileno(), *channel.for_slot)
        slot = ["-m", "taskmanager_plugin_runner.slot", *map(str, kept)]
        process = ChildProcess(
            [sys.executable, isolated, *slot],
            output=output.descriptor,
            keep=kept,
            cwd=self._options.folder,
            env=slot_environment(os.environ),
        )
        note_slot(Path(self._options.folder), self.number, process.pid)
        return process

    async def ask(self, step: SlotStep, grant: Grant, source: Path | None = None) -> SlotAnswer:
        """Let the slot do one step; raises JobKilledError if its process ends first."""
        return await self.order(step, grant, source)

    def order(
        self, step: SlotStep, grant: Grant, source: Path | None = None, how: OrderTerms = OrderTerms()
    ) -> asyncio.Future[SlotAnswer]:
        """As `ask`, without waiting: on return the order is sent, after the desired state if there is one.

        If the step has begun in a bunch, its answer is returned.
        """
        if self._begun is not None and step is SlotStep.RUN:
            answer, self._begun = self._begun, None
            if how.desired is not None:
                self.tell(how.desired)
            return answer
        if self._transport is None or not self.alive:
            raise JobKilledError(attempt_texts.SLOT_NOT_RUNNING())
        self._number = next(self._numbers)
        self._answer = asyncio.get_running_loop().create_future()
        if how.desired is not None:
            self.tell(how.desired)
        job, spec = grant.job, grant.spec
        trace = _trace_of(grant) if step is SlotStep.STAGE_OUT else None
        order = SlotOrder(
            self._number, step, job, grant.attempt, spec, source, how.ahead, how.processors, trace
        )
        self._transport.write(order.encode())
        return self._answer

    def begin_bunch(
        self, grants: Sequence[Grant], processors: tuple[int, ...], until: float, listener: BunchListener
    ) -> None:
        """Let the slot run jobs one after the other, none after `until`; raises JobKilledError.

        `listener` hears of them until `end_bunch` or `go_on`, but not at once: until it asks with `withdraw`.
        """
        if self._transport is None or self._channel is None or not self.alive:
            raise JobKilledError(attempt_texts.SLOT_NOT_RUNNING())
        first = next(self._numbers)
        numbers = range(first, first + len(grants))
        self._numbers = count(numbers.stop)
        orders = tuple(
            SlotOrder(number, SlotStep.RUN, one.job, one.attempt, one.spec, processors=processors)
            for number, one in zip(numbers, grants, strict=True)
        )
        self._channel.begin(numbers, listener)
        self._transport.write(SlotBunch(until, orders).encode())

    def withdraw(self, *, but: int = 0) -> int:
        """Let no other job of the bunch begin, except for the first so many; returns how many will not.

        Before that, the listener hears everything that the others have reported.
        """
        return self._channel.withdraw(but) if self._channel is not None else 0

    def end_bunch(self) -> None:
        """The bunch is over, and nobody hears of it any more."""
        if self._channel is not None:
            self._channel.listener = None

    async def rest(self) -> None:
        """Return once the slot takes an order again after a bunch, or has ended."""
        if self._channel is not None:
            await self._channel.rest

    def go_on(self, job: int, answer: SlotAnswer | None, error: JobKilledError | None) -> None:
        """All of the bunch is over but the job with that index, which goes on as if ordered on its own.

        It may be over as well, with an answer or an error.
        """
        self._begun = self._answer = asyncio.get_running_loop().create_future()
        if self._channel is not None:
            self._number = self._channel.go_on(job)
        if answer is not None:
            self._take_answer(answer)
        elif error is not None:
            self._fail(error)

    def tell(self, desired: DesiredState | None) -> None:
        """Say what the current step is to do at its next checkpoint; None: continue."""
        if self._transport is not None and self.alive:
            self._transport.write(SlotControl(self._number, desired).encode())

    def limit_memory(self, size: int | None) -> None:
        """Limit the memory of all the slot's processes together, in bytes, if the kernel supports it."""
        if self._group is not None:
            try:
                self._group.limit(size)
            except OSError as error:
                log.warning("memory_limit_not_set", slot=self.number, error=str(error))

    def keep(self, until: float) -> None:
        """Say until when the attempt is certainly ours, for a step that must not continue after that."""
        if self._transport is not None and self.alive:
            self._transport.write(Tenure(until).encode())

    def suspend(self) -> None:
        """Send SIGSTOP to all processes of the slot but the guard."""
        if self._process is not None and self._guard is not None and self.alive:
            suspend_group(self._process.pid, self._guard)

    def resume(self) -> None:
        """Send SIGCONT to all processes of the slot; harmless if none is stopped."""
        if self._process is not None and self.alive:
            resume_group(self._process.pid)

    def terminate(self) -> None:
        """Send SIGTERM to all processes of the slot."""
        if self._process is not None and self.alive:
            terminate_group(self._process.pid)

    def kill(self) -> None:
        """Send SIGKILL to the whole group; `ended` is set when it is gone."""
        if self._process is not None and self.alive:
            self._killed = True
            kill_group(self._process.pid)

    async def stop(self, limit: timedelta | None = None) -> None:
        """Kill the slot and wait for its end, at most `limit`: one waiting for a dead file server stays."""
        self.kill()
        try:
            async with asyncio.timeout(limit.total_seconds() if limit is not None else None):
                await self.ended.wait()
        except TimeoutError:
            log.warning("slot_does_not_end", slot=self.number, pid=self.pid)

    def on_line(self, line: bytes) -> None:
        """Handle one event of the process; an invalid one ends the process."""
        try:
            event = decode_event(line)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("slot_talks_nonsense", slot=self.number, error=str(error))
            self.kill()
            return
        match event:
            case SlotAnswer() | ProgressNote() | LogNote() | FileNote() | SuspensionNote():
                self._on_report(event)
            case AtRest():
                self._on_rest()
                if self._answer is not None and not self._answer.done():
                    self.kill()  # it rests, and owes an answer
            case Ready():
                self._on_ready(event)
            case Settle():
                self.kill()  # settled within the slot
            case ToolNote():
                self.kill()  # kept within the slot

    def _on_report(self, event: Note | SlotAnswer) -> None:
        if self._channel is not None and self._channel.listener is not None:
            self._channel.listener.on_report(event)
        elif isinstance(event, SlotAnswer):
            self._take_answer(event)
        elif self.listener is not None:
            tell(self.listener, event)

    def _take_answer(self, answer: SlotAnswer) -> None:
        """Pass on the answer as soon as the slot takes orders again."""
        if self._output is not None:
            self._output.drain()  # what was printed before the answer belongs to this job
        if self._channel is not None and not self._channel.at_rest:
            self._early = answer
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _on_rest(self) -> None:
        if self._channel is not None:
            self._channel.on_rest()
        if self._early is not None:
            answer, self._early = self._early, None
            self._take_answer(answer)

    def _fail(self, error: JobKilledError) -> None:
        """Fail everything that waits for the process."""
        for waiting in (self._ready, self._answer):
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # retrieved: nobody may be waiting

    def _on_ready(self, event: Ready) -> None:
        if self._ready is None or self._ready.done():
            return
        self._guard = event.guard
        if event.error is None:
            self._ready.set_result(None)
        else:
            self._ready.set_exception(PermanentError(f"the plugin cannot be loaded: {event.error}"))

    def _before_output(self) -> None:
        """What is printed belongs to the job at work: after this, no other one begins."""
        if self._channel is not None and self._channel.listener is not None:
            self._channel.listener.cut()

    def _on_output(self, line: str) -> None:
        if self.listener is not None:
            self.listener.on_output(line)
        else:
            log.info("slot_output", slot=self.number, line=line)

    async def _watch(self, process: ChildProcess) -> None:
        """Wait for the end of the process, kill the rest of its group, and fail everything waiting for it."""
        ended = await process.wait()
        kill_group(process.pid)  # its guard keeps the group's number from being reused
        starved = False
        if self._group is not None:
            self._group.kill()
            starved = self._group.starved()
        error = SlotEndedError(ended.returncode, ended.peak_bytes, expected=self._killed, starved=starved)
        self._hang_up(error)
        self._fail(error)
        self.ended.set()
        if self._on_end is not None:
            self._on_end(error)

    def _hang_up(self, error: JobKilledError) -> None:
        """The process has ended: take what it has said and printed."""
        if self._transport is not None:
            self._transport.close()
        if self._channel is not None:
            self._channel.close(error)
        self._channel = None
        self._on_rest()
        if self._output is not None:
            self._output.close()
        self._transport, self._output = None, None


def slot_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The runner's environment without secrets; output is unbuffered."""
    return {**without_secrets(environment), "PYTHONUNBUFFERED": "1"}


def _trace_of(grant: Grant) -> str | None:
    """The id of the trace that the job's submission belongs to."""
    return grant.traceparent.split("-")[1] if grant.traceparent is not None else None
