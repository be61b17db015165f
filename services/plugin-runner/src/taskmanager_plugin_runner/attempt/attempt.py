"""One attempt from its grant to its end: the phases, the commit fence, and what is reported of them.

Drives a slot step by step and puts events into the outbox; knows neither tickets nor how leases are renewed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from taskmanager.errors import JobKilledError
from taskmanager.messages import AttemptReference, Grant
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobError
from taskmanager.model.reasons.coded_text import reason_of
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager.model.states import Status
from taskmanager.process import tracing
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.attempt.commit_fence import Fence
from taskmanager_plugin_runner.attempt.control import AttemptControl
from taskmanager_plugin_runner.attempt.limit_watch import LimitWatch
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome, CancelledByOrderError, StepFailedError
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.slot_events import AttemptRecords, SlotEventHandler
from taskmanager_plugin_runner.attempt.sudden_end import sudden_end
from taskmanager_plugin_runner.attempt.tidying import tidy
from taskmanager_plugin_runner.attempt.trace import AttemptTrace
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.failures import with_problem
from taskmanager_plugin_runner.files.job_ids import is_job_id
from taskmanager_plugin_runner.messaging.reports import Reports
from taskmanager_plugin_runner.metrics import job_metrics
from taskmanager_plugin_runner.pipeline.first_of import first_of
from taskmanager_plugin_runner.slot.process import OrderTerms, SlotProcess
from taskmanager_plugin_runner.slot_protocol import Note, SlotAnswer, SlotStep

WAITS_FOR_PLACE = "waits until a slot has worked on the job before it"
LONGEST_WAIT = timedelta(minutes=10)
"""A job whose input was brought ahead is handed back after this time, for another runner may be idle."""

_UNDER_WAY = {
    SlotStep.STAGE_IN: Failpoint.RUNNER_IN_UPLOAD,
    SlotStep.RUN: Failpoint.RUNNER_IN_PROCESSING,
    SlotStep.STAGE_OUT: Failpoint.RUNNER_IN_DOWNLOAD,
}
_PHASES = {
    SlotStep.STAGE_IN: Status.UPLOAD,
    SlotStep.RUN: Status.PROCESSING,
    SlotStep.STAGE_OUT: Status.DOWNLOAD,
}

log = get_logger(__name__)


Over = Callable[[AttemptOutcome], None]


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the plugin works already, since when, and what it has reported: see `bunch`."""

    place: int
    since: float
    notes: tuple[Note, ...] = ()


class Attempt:
    """Runs one granted job on one slot."""

    def __init__(
        self, grant: Grant, slot: SlotProcess, services: AttemptServices, begun: Begun | None = None
    ) -> None:
        """`slot` runs nothing else in the meantime. Enters the places at once, unless it has `begun`."""
        self.key = (grant.job, grant.attempt)
        if begun is None:
            services.places.enter(self.key)
        self._begun = begun
        self._working_since: float | None = None
        self.worked_seconds: float | None = None
        """How long its plugin has worked, once that is over."""
        self.began = begun.since if begun is not None else elapsed_seconds()
        self._grant = grant
        self._slot, self._services = slot, services
        self._reports = Reports(grant.job, grant.attempt, services.outbox)
        self._ordered: AttemptOutcome | None = None
        self._interrupted = asyncio.Event()
        self._leaving = asyncio.Event()
        self._fence = Fence(self._reports, self._leaving)
        self._dirty = False
        self.placing = False
        self._records = AttemptRecords(self._reports)
        self._metrics = job_metrics(services.manifest.name)
        self._trace = AttemptTrace(grant, services.manifest.name)
        self._control = AttemptControl(services.manifest, slot, self._reports, self._records.note)
        self._watch = LimitWatch(services.manifest.limits_for(grant.spec.template))
        self._slot_events = SlotEventHandler(self._records, self._control, self._watch)
        if begun is not None:
            self._reports.advanced(Status.PROCESSING)
            slot.listener = self._slot_events
            self._slot_events.play(begun.notes)

    @property
    def reference(self) -> AttemptReference:
        """The attempt's reference in messages."""
        return self._reports.reference

    @property
    def suspended(self) -> bool:
        """Whether the attempt is suspended."""
        return self._control.suspended

    # --- called from outside

    def want(self, desired: DesiredState | None) -> None:
        """Set what the scheduler wants it to do instead of running; None: run. May be repeated."""
        if self._ordered is not None:
            return
        if desired is DesiredState.SUSPEND and self._ahead:
            self.interrupt(AttemptOutcome.HANDED_BACK)  # it would stand in the way of the others
            return
        self._control.want(desired)
        if self._control.cancelling:
            self._leaving.set()
            self.on_verdict(allowed=False)  # not allowed yet: after that, the scheduler refuses to cancel

    def interrupt(self, outcome: AttemptOutcome) -> None:
        """Kill the attempt, whatever it is doing; it then ends with `outcome`. Only the first call counts."""
        if self._ordered is not None:
            return  # the process now running restores what the killed one had begun
        self._ordered = outcome
        self._interrupted.set()
        self._leaving.set()
        self._control.release()
        self._slot.kill()
        self.on_verdict(allowed=False)

    def on_verdict(self, *, allowed: bool) -> None:
        """Pass on the answer of the commit fence."""
        self._fence.answer(allowed=allowed)

    def time_left(self, now: float) -> float | None:
        """How long the plugin will probably go on working; None if unknown, or if it is not working."""
        if self._working_since is None or self.suspended:
            return None
        return self._services.pace.time_left(now - self._working_since, *self._watch.progress)

    @property
    def _ahead(self) -> bool:
        """Whether it began while others had all places, and has none yet."""
        return self._services.places.is_ahead(self.key)

    @property
    def _ours_until(self) -> float:
        return max(self._services.leases.end(self.key), self._fence.counts_until)

    def keep(self) -> None:
        """Tell a slot that is placing results how long it may: the lease may have been renewed."""
        if self.placing:
            self._slot.keep(self._ours_until)

    async def look(self) -> None:
        """End the attempt if it has exceeded a limit; to be called every `limit_watch.LOOK`."""
        if self._control.watched and self._slot.pid is not None:
            error = await self._watch.look(self._slot.pid, suspended=self._control.suspended)
            if error is not None:
                self._control.exceed(error)

    # --- the course of the job

    async def run(self, over: Over) -> None:
        """Run all phases; never raises for anything a job or a plugin does.

        `over` is called once the outcome is reported; after a success the slot may still need tidying up.
        """
        with tracing.during(self._grant.traceparent):
            await self._run(over)

    async def _run(self, over: Over) -> None:
        self._slot.listener = self._slot_events
        try:
            finished = await self._phases()
        except StepFailedError as error:
            await self._end(AttemptOutcome.FAILED, error.error, over)
        except CancelledByOrderError:
            await self._end(*self._cut_short(AttemptOutcome.CANCELLED), over)
        except JobKilledError as error:
            sudden = sudden_end(error, self._watch, self._records.log.printed)
            await self._end(*self._cut_short(*sudden), over)
        else:
            if finished is None:
                await self._end(*self._cut_short(AttemptOutcome.SUPERSEDED), over)
            else:
                self._finish(finished, over)
                await self._tidy()
        finally:
            self._slot.listener = None
            self._metrics.over(self._watch.peak.bytes)

    async def _phases(self) -> SlotAnswer | None:
        """The answer of the last step, or None if the attempt is no longer ours."""
        if not is_job_id(self._grant.job):
            raise StepFailedError(JobError.of(attempt_texts.ID_NO_FILE_NAME(), "ValueError"))
        brought, place = await self._before_work()
        made = await self._work(brought, place)
        return made if self._grant.spec.destination is None else await self._place()

    async def _before_work(self) -> tuple[SlotAnswer | None, int]:
        """What was brought, and the place where the plugin may work."""
        if self._begun is not None:
            return None, self._begun.place
        return await self._bring(), await self._take_place()

    async def _take_place(self) -> int:
        """The number of the place where the plugin may work now."""
        place = self._services.places.take(self.key, self._slot.number)
        if not place.done():
            self._records.note(WAITS_FOR_PLACE)
            await first_of(place, self._leaving, self._slot.ended, within=LONGEST_WAIT)
        if not place.done() or self._leaving.is_set() or not self._slot.alive:
            self._give_up_waiting()
        return place.result()

    def _give_up_waiting(self) -> NoReturn:
        if not self._leaving.is_set() and self._slot.alive:
            self.interrupt(AttemptOutcome.HANDED_BACK)
        raise JobKilledError(attempt_texts.INTERRUPTED())

    async def _work(self, brought: SlotAnswer | None, place: int) -> SlotAnswer:
        """Let the plugin work; then the place is free, whatever comes of it."""
        source = Path(brought.source) if brought and brought.source else None
        if self._begun is None:
            self._reports.advanced(Status.PROCESSING, *((brought.files, brought.bytes) if brought else ()))
            self._slot.limit_memory(self._watch.memory_limit_bytes)
        self._watch.begin()
        self._working_since = began = elapsed_seconds() if self._begun is None else self._begun.since
        try:
            made = await self._step(SlotStep.RUN, source, self._services.processors(place))
            self.worked_seconds = made.seconds
            self._services.pace.worked(elapsed_seconds() - began)
            self._records.progress.flush()
            await self._control.let_go_on()
        finally:
            self._working_since = None
            self._services.places.leave(self.key)
        return made

    async def _bring(self) -> SlotAnswer | None:
        """Do nothing for a job without source and destination; no transfer for one without a source."""
        spec = self._grant.spec
        if spec.source is not None:
            return await self._services.transfers.during(self._upload, self._leaving)
        if spec.destination is not None:
            self._dirty = True
            await self._step(SlotStep.STAGE_IN)
        return None

    async def _upload(self) -> SlotAnswer:
        self._reports.advanced(Status.UPLOAD)
        self._phase_over(Status.WAITINGFORUPLOAD, elapsed_seconds() - self.began)
        self._dirty = True
        began = elapsed_seconds()
        brought = await self._step(SlotStep.STAGE_IN)
        self._metrics.brought(brought.files, brought.bytes)
        self._services.pace.brought(elapsed_seconds() - began, brought.bytes if brought.coming else 0)
        return brought

    async def _place(self) -> SlotAnswer | None:
        """Ask until the answer is still fresh when the attempt's turn comes, then place the results."""
        while await self._fence.opens():
            placed = await self._services.transfers.during(self._place_if_ours, self._interrupted)
            if placed is not None:
                return placed
        return None

    async def _place_if_ours(self) -> SlotAnswer | None:
        """None if the lease expired while the attempt waited for its turn."""
        if self._ours_until > elapsed_seconds():
            self.placing = True
            self.keep()
            failpoint(Failpoint.RUNNER_AFTER_FENCE)
            began = elapsed_seconds()
            placed = await self._step(SlotStep.STAGE_OUT)
            self._services.pace.placed(elapsed_seconds() - began)
            return placed
        log.info("lease_over_before_placing", job=self._grant.job, attempt=self._grant.attempt)
        return None

    async def _step(
        self, step: SlotStep, source: Path | None = None, processors: tuple[int, ...] = ()
    ) -> SlotAnswer:
        if self._interrupted.is_set():
            raise JobKilledError(attempt_texts.INTERRUPTED())
        if self._begun is None:
            self._control.require_going_on(step)
        how = OrderTerms(self._control.known(step), ahead=self._ahead, processors=processors)
        began = elapsed_seconds()
        answering = self._slot.order(step, self._grant, source, how)
        failpoint(_UNDER_WAY[step])
        try:
            with self._control.during(step):
                answer = await answering
        finally:
            self._phase_over(_PHASES[step], elapsed_seconds() - began)
        self._metrics.used(answer.cpu_seconds)
        self._dirty = self._dirty or answer.untidy
        if answer.cancelled:
            raise CancelledByOrderError
        self._control.require_unforced()
        if answer.no_room and self._ahead:
            self._services.pace.no_room(elapsed_seconds())
            self.interrupt(AttemptOutcome.HANDED_BACK)
            raise JobKilledError(attempt_texts.INTERRUPTED())
        if answer.failure is not None:
            raise StepFailedError(answer.failure)
        return answer

    def _phase_over(self, phase: Status, seconds: float) -> None:
        self._metrics.phase_over(phase, seconds, self._grant.traceparent)
        self._trace.phase(phase, seconds)

    # --- the end of the job

    def _finish(self, finished: SlotAnswer, over: Over) -> None:
        warnings = self._records.close()
        failpoint(Failpoint.RUNNER_BEFORE_FINISHED)
        self._reports.finished(finished.files, finished.bytes, warnings)
        self._metrics.finished(finished.files, finished.bytes)
        self._trace.over(AttemptOutcome.FINISHED)
        over(AttemptOutcome.FINISHED)

    async def _end(self, outcome: AttemptOutcome, error: JobError | None, over: Over) -> None:
        """Restore the process folder, then report: anyone told of the failure finds the folder as it was."""
        self._services.places.leave(self.key)
        problem = await self._tidy()
        if outcome is AttemptOutcome.CANCELLED:
            self._records.note(with_problem(f"cancelled {self._control.method}", problem))
        warnings = self._records.close()
        if outcome is AttemptOutcome.HANDED_BACK:
            self._reports.handed_back()
        elif outcome is AttemptOutcome.CANCELLED or (
            outcome is AttemptOutcome.SUPERSEDED and self._ordered is None
        ):
            # the fence refused: if that was due to a cancel whose order is still on its way, this is its end
            self._reports.cancelled(self._control.method)
        elif error is not None and outcome in {AttemptOutcome.FAILED, AttemptOutcome.CRASHED}:
            self._trace.failed(error.kind)
            told = with_problem(error.text, problem)
            self._reports.failed(
                error.model_copy(update={"message": told, "reason": reason_of(told)}),
                warnings,
                crashed=outcome is AttemptOutcome.CRASHED,
            )
        self._trace.over(outcome)
        over(outcome)

    def _cut_short(
        self, otherwise: AttemptOutcome, error: JobError | None = None
    ) -> tuple[AttemptOutcome, JobError | None]:
        """How the attempt ends, and with which error: orders take precedence over what happened to it."""
        if self._ordered is not None:
            return self._ordered, None
        if self._control.cancelling:
            return AttemptOutcome.CANCELLED, None
        if self._control.exceeded is not None:
            return AttemptOutcome.FAILED, self._control.exceeded
        return otherwise, error

    async def _tidy(self) -> str | None:
        """Undo and remove what the attempt left; returns the problem, if any."""
        if not self._dirty and self._slot.alive and not self._interrupted.is_set():
            return None
        return await tidy(self._slot, self._grant, killed=self._interrupted)
