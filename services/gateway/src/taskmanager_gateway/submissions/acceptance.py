"""Accepts a checked submission: looks for an earlier one, otherwise publishes one message with confirm."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from taskmanager.errors import (
    BrokerUnavailableError,
    StoreUnavailableError,
    UnreadableDocumentError,
    UnroutableMessageError,
)
from taskmanager.messages import Submissions, Submit
from taskmanager.model.jobs import Job, JobSpec
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager.process import tracing
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_gateway.change_feed import Feed
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.problems import BODY_TOO_LARGE, BROKER_UNAVAILABLE, KEY_REUSED, ProblemError
from taskmanager_gateway.jobs.loader import JobLoader
from taskmanager_gateway.jobs.recent import Recent, accepted_job
from taskmanager_gateway.metrics import CHECKS_SKIPPED
from taskmanager_gateway.submissions.idempotency import Submission
from taskmanager_gateway.submissions.outbox import SubmissionOutbox
from taskmanager_gateway.submissions.persistence_watch import PersistenceWatch

log = get_logger(__name__)


class SubmissionOutcome(StrEnum):
    """The result of a submission."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    """The same specification was accepted before under the same key; the job is that one."""
    DUPLICATE = "duplicate"
    """A job in the queue tab has the same `unique` key; the job is that one."""


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """The job, whether it was created by this submission or by an earlier one."""

    outcome: SubmissionOutcome
    job: Job


class Acceptance:
    """Publishes a checked submission, unless an earlier one is known."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        outbox: SubmissionOutbox,
        reader: JobReader,
        recent: Recent,
        feed: Feed,
        clock: Clock,
        *,
        keeping: PersistenceWatch,
        limit_bytes: int,
    ) -> None:
        """`limit_bytes` is the largest message."""
        self._outbox = outbox
        self._reader = reader
        self._loader = JobLoader(reader)
        self._recent = recent
        self._feed = feed
        self._keeping = keeping
        self._clock = clock
        self._limit_bytes = limit_bytes
        self._under_way: dict[str, tuple[Submission, asyncio.Task[SubmissionResult]]] = {}

    async def accept(self, submission: Submission) -> SubmissionResult:
        """The job; raises ProblemError. Of concurrent equal submissions only one is published."""
        if submission.key is None:
            return await self._accept(submission)
        if first := self._under_way.get(submission.job):
            earlier, task = first
            _check_same(earlier.spec, earlier.chain, submission)
            return _of_an_equal_one(await asyncio.shield(task))
        task = asyncio.create_task(self._accept(submission), name=f"submit {submission.job}")
        self._under_way[submission.job] = (submission, task)
        task.add_done_callback(lambda _: self._under_way.pop(submission.job))
        return await asyncio.shield(task)

    async def _accept(self, submission: Submission) -> SubmissionResult:
        return await self._earlier(submission) or await self._publish(submission)

    async def _earlier(self, submission: Submission) -> SubmissionResult | None:
        """The result of an earlier submission; None also if it cannot be read: the scheduler decides then."""
        try:
            return await self._replayed(submission) or await self._duplicate(submission)
        except (StoreUnavailableError, UnreadableDocumentError) as error:
            CHECKS_SKIPPED.inc()
            log.debug("checks_skipped", job=submission.job, error=str(error))
            return None

    async def _replayed(self, submission: Submission) -> SubmissionResult | None:
        if submission.key is None:
            return None
        submit = self._recent.get(submission.job)
        if submit is not None:
            _check_same(submit.spec, submit.chain, submission)
        # having heard of it proves nothing: what the inbox refused has reached the gateways all the same
        if submit is not None and self._keeping.watches(submission.job):
            return SubmissionResult(SubmissionOutcome.REPLAYED, accepted_job(submit))
        known = await self._loader.load(submission.job)
        if known is None:
            return None
        _check_same(known.spec, known.chain, submission)
        return SubmissionResult(SubmissionOutcome.REPLAYED, known)

    async def _duplicate(self, submission: Submission) -> SubmissionResult | None:
        """The active job that has the unique key of one of these."""
        for unique in [one.spec.unique for one in submission.jobs if one.spec.unique is not None]:
            holder = await from_store(self._reader.active_by_unique(unique), LOOKUP_TIME)
            if holder is not None:
                return SubmissionResult(SubmissionOutcome.DUPLICATE, holder)
        return None

    async def _publish(self, submission: Submission) -> SubmissionResult:
        now, trace, chain = self._clock.now(), tracing.current(), submission.chain
        submits = [
            Submit(
                job=one.job,
                client=one.client,
                submitted_at=now,
                spec=one.spec,
                traceparent=trace,
                chain=chain,
            )
            for one in submission.jobs
        ]
        bodies = [submit.encode() for submit in submits]
        body = Submissions.SEPARATOR.join(bodies)  # a chain is accepted as a whole
        if len(body) > self._limit_bytes:
            raise _too_large(len(body), self._limit_bytes)
        failpoint(Failpoint.GATEWAY_BEFORE_PUBLISH)
        try:
            await self._outbox.send(body, submission.spec.plugin)
        except (BrokerUnavailableError, UnroutableMessageError) as error:
            log.warning("submission_not_confirmed", job=submission.job, error=str(error))
            raise _unconfirmed(submission) from error
        failpoint(Failpoint.GATEWAY_AFTER_CONFIRM)
        for submit, encoded in zip(submits, bodies, strict=True):
            self._feed.submitted(submit.job, encoded)
            self._keeping.accepted(submit.job, submission.spec.plugin)
        return SubmissionResult(SubmissionOutcome.ACCEPTED, accepted_job(submits[0]))


def _of_an_equal_one(first: SubmissionResult) -> SubmissionResult:
    """The result of a submission that came while an equal one was under way."""
    if first.outcome is SubmissionOutcome.ACCEPTED:
        return SubmissionResult(SubmissionOutcome.REPLAYED, first.job)
    return first


def _too_large(size: int, limit: int) -> ProblemError:
    told = problems.JOB_TOO_LARGE(size=size, limit=limit)
    return ProblemError(BODY_TOO_LARGE, told, limit_bytes=limit)


def _check_same(known: JobSpec, chain: tuple[str, ...], submission: Submission) -> None:
    if chain != submission.chain or known.fingerprint() != submission.spec.fingerprint():
        raise ProblemError(KEY_REUSED, problems.OTHER_JOB_UNDER_KEY(), job=submission.job)


def _unconfirmed(submission: Submission) -> ProblemError:
    keyed, bare = problems.KEYED_JOB_NOT_CONFIRMED, problems.JOB_NOT_CONFIRMED
    return ProblemError(
        BROKER_UNAVAILABLE, keyed() if submission.key else bare(job=submission.job), job=submission.job
    )
