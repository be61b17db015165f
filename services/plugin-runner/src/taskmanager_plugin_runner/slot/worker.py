"""The work of a slot process: executes one order after another and answers. Never decides what comes next."""

import os
import queue
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.files.roots import PathMapping, Roots
from taskmanager.model.reasons.job_texts import attempt_texts, file_texts
from taskmanager.plugin_api.existing_results import Existing, listed
from taskmanager.plugin_api.interface import Plugin
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.failures import error_message, job_error, shorten, too_long_for_the_job
from taskmanager_plugin_runner.provenance.recording import Recording
from taskmanager_plugin_runner.results.planning import Terms
from taskmanager_plugin_runner.slot.checkpoint import Barrier, JobCancelled, obey_sigterm
from taskmanager_plugin_runner.slot.context import SlotContext, Ways
from taskmanager_plugin_runner.slot.line import Said, SlotLine
from taskmanager_plugin_runner.slot.line_log import LINE_CHARACTERS, LOG_LINES, LineLog
from taskmanager_plugin_runner.slot.other_user.plugin_process import PluginProcess
from taskmanager_plugin_runner.slot.other_user.plugin_process_job import PluginProcessJob
from taskmanager_plugin_runner.slot.run_notes import RunNotes
from taskmanager_plugin_runner.slot.transfers_under_way import TransfersUnderWay
from taskmanager_plugin_runner.slot_protocol import (
    AtRest,
    LogNote,
    Settle,
    Settled,
    SlotAnswer,
    SlotBunch,
    SlotControl,
    SlotOptions,
    SlotOrder,
    SlotStep,
    Tenure,
    ToolNote,
)
from taskmanager_plugin_runner.system.child_watch import ChildWatch
from taskmanager_plugin_runner.system.processes import kill_children
from taskmanager_plugin_runner.transport.choice import choose
from taskmanager_plugin_runner.transport.room_ahead import RoomAhead, lacks_room
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


class Worker:
    """Executes the steps of one plugin's jobs."""

    def __init__(  # noqa: PLR0913 - what a slot is started with
        self,
        options: SlotOptions,
        plugin: Plugin,
        line: SlotLine,
        notes: RunNotes,
        *,
        guard: int = 0,
        plugin_process: PluginProcess | None = None,
        asks: bool = False,
    ) -> None:
        """`notes` takes what jobs report; `guard` is the child process that does not belong to a plugin.

        `plugin_process` runs the plugin if this process does not. `asks`: this is such a process, and the
        slot that started it handles the results of earlier jobs.
        """
        self._settled: queue.SimpleQueue[Settled] = queue.SimpleQueue()
        self._ask = self._have_settled if asks else None
        self._barrier = Barrier(line.send)
        self._plugin, self._manifest, self._line, self._guard = plugin, plugin.manifest, line, guard
        self._folder = Path(options.folder)
        self._ours_until = float("inf")
        self._roots = Roots.parse(options.roots, PathMapping.parse(options.paths))
        self._under_way = TransfersUnderWay()
        self._watch: ChildWatch | None = None
        self._transport = choose(options, self._manifest)
        self._recording, self._notes = Recording(options, self._manifest), notes
        self._report = line.send if asks else notes.send
        self._steps = {
            SlotStep.STAGE_IN: self._bring,
            SlotStep.RUN: self._run,
            SlotStep.STAGE_OUT: self._place,
            SlotStep.CLEAN: self._clean,
        }
        self._performing: PluginProcessJob | None = None
        if plugin_process is not None and options.slot_user is not None:
            self._performing = PluginProcessJob(
                plugin_process, options.slot_user, self._manifest, self._transport, line.send
            )

    def serve(self) -> None:
        """Execute orders until the runner hangs up."""
        obey_sigterm(self._barrier, self._spared)
        for order in self._line.orders(self._hear):
            if isinstance(order, SlotBunch):
                self._do_bunch(order)
            else:
                self._line.send(self._do(order))

    def _do_bunch(self, bunch: SlotBunch) -> None:
        with self._line.quiet() as pipes:
            for order in bunch.orders:
                late = elapsed_seconds() >= bunch.until and order is not bunch.orders[0]
                if late or not pipes.take_permit():
                    break
                answer = self._do(order)
                if pipes.printed:
                    answer = replace(answer, printed=True)
                self._line.send(answer)
                if not answer.plain:
                    break
        self._line.send(AtRest())

    def _do(self, order: SlotOrder) -> SlotAnswer:
        """The answer to an order, whatever happens."""
        began, used_before = elapsed_seconds(), _cpu_seconds()
        self._barrier.begin(order.number)
        if order.processors:
            os.sched_setaffinity(0, order.processors)
        try:
            answer = self._steps[order.step](order)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes the error of the job
            answer = self._failed(order, error)
        except SystemExit as error:
            answer = self._failed(order, _exit(error))
        except JobCancelled:
            answer = SlotAnswer(order.number, untidy=self._attempt_folder(order).exists(), cancelled=True)
        sys.stdout.flush()
        sys.stderr.flush()
        used = answer.cpu_seconds + _cpu_seconds() - used_before
        return replace(answer, seconds=elapsed_seconds() - began, cpu_seconds=round(used, 6))

    def _spared(self) -> set[int]:
        """The children that do not keep a cancelled job from ending."""
        return {self._guard} | (self._performing.idle if self._performing is not None else set())

    def _hear(self, said: Said) -> None:
        """Called in the listening thread."""
        match said:
            case Tenure():
                self._ours_until = said.until
            case Settled():
                self._settled.put(said)
            case SlotControl():
                self._barrier.hear(said)
                if self._performing is not None:
                    self._performing.hear(said)

    def _ours(self) -> bool:
        return elapsed_seconds() < self._ours_until

    def _failed(self, order: SlotOrder, error: BaseException) -> SlotAnswer:
        message = error_message(error)
        if too_long_for_the_job(message):
            self._log_all(message)
        untidy = self._attempt_folder(order).exists()
        raised = job_error(error).model_dump()
        return SlotAnswer(order.number, untidy=untidy, no_room=lacks_room(error), error=raised)

    def _log_all(self, message: str) -> None:
        """Log as much as a log takes; the runner, which keeps the log, notes where it ends."""
        pieces = (
            line[start : start + LINE_CHARACTERS]
            for line in message.splitlines()
            for start in range(0, len(line), LINE_CHARACTERS)
        )
        for piece in islice(pieces, LOG_LINES + 1):
            self._line.send(LogNote(time.time(), "error", shorten(piece, LINE_CHARACTERS)))

    def _attempt_folder(self, order: SlotOrder) -> AttemptFolder:
        return AttemptFolder.of(self._folder, order.job, order.attempt)

    def _bring(self, order: SlotOrder) -> SlotAnswer:
        folder, spec = self._attempt_folder(order), order.spec
        if self._performing is not None:
            self._performing.enclose(folder)
        self._note_spelling(spec.source, spec.destination)
        if spec.destination is not None:
            in_place = self._manifest.works_in_place(spec.template)
            self._transport.open(folder, order, spec.destination, in_place=in_place)
        if recorded := self._recording.wanted(order):
            self._recording.require_place(folder, order)
        failpoint(Failpoint.SLOT_BRINGING)
        if spec.source is None:
            return SlotAnswer(order.number)
        room = RoomAhead.beside(folder) if order.ahead else None
        between = self._barrier.check if room is None else room.before_each(self._barrier.check)
        brought = self._transport.bring(folder, order, spec.source, between, recorded=recorded)
        if brought.odd:
            LineLog(self._line.send).warning(file_texts.ODD_LEFT_OUT(names=listed(brought.odd)))
        self._under_way = TransfersUnderWay(folder.path, brought.ahead)
        coming = brought.ahead is not None
        if room is not None and coming:
            room.require(brought.bytes)
            self._under_way.start(self._suspending)
        return SlotAnswer(order.number, brought.files, brought.bytes, str(brought.source), coming=coming)

    def _note_spelling(self, *paths: str | None) -> None:
        log = LineLog(self._line.send)
        for path in paths:
            if path is not None and (note := self._roots.note(path)) is not None:
                log.info(note)

    def _run(self, order: SlotOrder) -> SlotAnswer:
        folder, recorded = self._attempt_folder(order), self._recording.wanted(order)
        self._notes.begin(keep=recorded)
        answer = self._work(order, folder, recorded=recorded)
        if recorded and self._ask is None:
            folder.remember_run(self._notes.results, self._notes.tools)
        return answer

    def _work(self, order: SlotOrder, folder: AttemptFolder, *, recorded: bool) -> SlotAnswer:
        if self._performing is not None:
            return self._performing.run(order, folder)
        under_way = self._of_attempt(folder)
        if order.spec.source is not None:
            self._require_input(folder)
        destination, carrier = None, None
        if order.spec.destination is not None:
            destination = self._transport.destination(folder)
            carrier = self._transport.carrier(folder, self._suspending)
        in_place = self._manifest.works_in_place(order.spec.template)
        ways = Ways(self._roots, destination, in_place, under_way.ahead, carrier, self._ask)
        template = self._manifest.choose_template(order.spec.template)
        context = SlotContext(order, folder, ways, self._report, template, self._barrier)
        failpoint(Failpoint.SLOT_RUNNING)
        with under_way.moving(carrier, self._suspending):
            self._run_plugin(context)
        for name, known in self._recording.libraries().items() if recorded else ():
            self._report(ToolNote(name, known))
        if not folder.exists():
            return SlotAnswer(order.number)
        return SlotAnswer(order.number, *folder.output_size(), untidy=True)

    def _have_settled(self, policy: Existing, results: Sequence[str]) -> None:
        self._line.send(Settle(policy, tuple(results)))
        error = self._settled.get().failure
        if error is not None:
            raise TemporaryError(error.text) if error.temporary else JobFailedError(error.text)

    def _run_plugin(self, context: SlotContext) -> None:
        try:
            self._plugin.run(context)
        finally:
            context.meter.flush()
            failpoint(Failpoint.SLOT_AFTER_RUN)
            if self._watch is None:
                self._watch = ChildWatch(self._line.threads, {self._guard})
            if not self._watch.nothing_left() and (left := kill_children({self._guard})):
                context.log.warning(attempt_texts.LEFT_BEHIND(number=left))

    def _suspending(self) -> bool:
        return self._barrier.suspending

    def _of_attempt(self, folder: AttemptFolder) -> TransfersUnderWay:
        """What the attempt's earlier steps left in progress."""
        if self._under_way.folder != folder.path:
            self._under_way.stop()
            self._under_way = TransfersUnderWay(folder.path)
        return self._under_way

    def _require_input(self, folder: AttemptFolder) -> None:
        """A slot that was replaced must not take partial input for the whole."""
        if folder.ahead and self._under_way.ahead is None:
            raise TemporaryError(attempt_texts.INPUT_LOST())

    def _place(self, order: SlotOrder) -> SlotAnswer:
        folder, log = self._attempt_folder(order), LineLog(self._line.send)
        in_place = self._manifest.works_in_place(order.spec.template)
        sources = frozenset() if in_place else folder.sources()
        carried = self._of_attempt(folder).carried
        terms = Terms(self._ours, sources, carried=carried, warn=log.warning)
        if self._recording.wanted(order):
            terms = replace(terms, record=self._recording.record(folder, order))
            if terms.record is None:
                log.warning(file_texts.NO_RECORD_OVER_API())
        return SlotAnswer(order.number, *self._transport.place(folder, terms))

    def _clean(self, order: SlotOrder) -> SlotAnswer:
        folder = self._attempt_folder(order)
        self._of_attempt(folder).stop()
        failpoint(Failpoint.SLOT_CLEANING)
        self._transport.clean(folder, order)
        folder.remove()
        return SlotAnswer(order.number)


def _cpu_seconds() -> float:
    """The processor time of this process and of its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _exit(error: SystemExit) -> RuntimeError:
    made = RuntimeError(attempt_texts.CALLED_EXIT(value=repr(error.code)))
    made.__cause__ = error
    return made
