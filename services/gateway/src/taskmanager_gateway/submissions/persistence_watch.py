"""Makes sure that what this gateway has accepted is stored, whatever the broker does with its messages.

An inbox preserves the order of what one gateway sends to it. So a submission that later ones have overtaken
was lost: by a policy that limits the length or the age of queues, by a purge, or as a dead letter. It is sent
again under its id, which is harmless if it was not lost; after `MOST_TRIES` it is dropped, so that nobody is
shown a job that will never exist. Only this process watches it: when it ends, only the broker's promise
remains.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from taskmanager.errors import TaskManagerError, TemporaryError
from taskmanager.messages.topology import Topology
from taskmanager.ports.readers import JobReader
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.jobs.recent import Recent
from taskmanager_gateway.metrics import SUBMISSIONS_LOST
from taskmanager_gateway.submissions.outbox import SubmissionOutbox

LOOK = timedelta(seconds=5)
OVERTAKEN_AFTER = timedelta(seconds=10)
"""How much newer a stored submission must be before an older one counts as lost: news may be late."""
MOST_TRIES = 5
A_LOOK = 500
"""How many are looked up at a time."""

log = get_logger(__name__)


@dataclass(slots=True)
class _Accepted:
    """When a submission was last sent, by the clock of the event loop, and how often it was repeated."""

    partition: int
    """Only those of the same partition come to the same inbox."""
    sent_at: float
    tries: int = 0


class PersistenceWatch:
    """The submissions of this gateway that are not known to be stored, the oldest first."""

    def __init__(
        self, outbox: SubmissionOutbox, reader: JobReader, recent: Recent, topology: Topology, limit: int
    ) -> None:
        """`limit` submissions are watched, as many as `recent` holds; the oldest are dropped first."""
        self._outbox, self._reader, self._recent = outbox, reader, recent
        self._topology, self._limit = topology, limit
        self._waiting: OrderedDict[str, _Accepted] = OrderedDict()
        self._newest_stored: dict[int, float] = {}
        """By partition, when the newest submission that is known to be stored was sent."""

    def check(self) -> str | None:
        """What is wrong on the way to the scheduler; None if nothing is."""
        lost = [one.partition for one in self._waiting.values() if one.tries > 0]
        if not lost:
            return None
        inboxes = ", ".join(self._topology.inbox_of(number).name for number in sorted(set(lost)))
        return (
            f"RabbitMQ has lost {len(lost)} submissions on the way to {inboxes}: "
            "is there a policy with max-length or message-ttl for it?"
        )

    def accepted(self, job: str, plugin: str) -> None:
        """Watch a submission of this gateway, for this plugin, that the broker has accepted."""
        partition = self._topology.partition_of(plugin)
        self._waiting[job] = _Accepted(partition, asyncio.get_running_loop().time())
        if len(self._waiting) > self._limit:
            self._waiting.popitem(last=False)

    def watches(self, job: str) -> bool:
        """Whether the broker accepted it from this gateway and it is not yet known to be stored."""
        return job in self._waiting

    def _stored(self, job: str) -> None:
        one = self._waiting.pop(job)
        self._newest_stored[one.partition] = max(
            one.sent_at, self._newest_stored.get(one.partition, one.sent_at)
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Check repeatedly until `stop`; a failed check is left to the next one."""
        while not await pause(stop, LOOK):
            try:
                await self.run_once()
            except TemporaryError as error:
                log.warning("submissions_not_looked_after", error=str(error))

    async def run_once(self) -> None:
        """Send again what was overtaken and is not stored; raises TemporaryError."""
        for job in [one for one in self._waiting if self._recent.is_stored(one)]:
            self._stored(job)
        overtaken = self._overtaken()
        if not overtaken:
            return
        found = await from_store(self._reader.jobs_by_id(overtaken))
        for job in overtaken:
            if job in found:
                self._recent.stored(job)
                self._stored(job)
            else:
                await self._again(job)

    def _overtaken(self) -> list[str]:
        overtaken = (job for job, one in self._waiting.items() if self._is_overtaken(one))
        return list(islice(overtaken, A_LOOK))

    def _is_overtaken(self, one: _Accepted) -> bool:
        newest = self._newest_stored.get(one.partition)
        return newest is not None and one.sent_at <= newest - OVERTAKEN_AFTER.total_seconds()

    async def _again(self, job: str) -> None:
        one, submit = self._waiting[job], self._recent.get(job)
        inbox = self._topology.inbox_of(one.partition).name
        if submit is None or one.tries >= MOST_TRIES:
            del self._waiting[job]
            self._recent.forget(job)
            SUBMISSIONS_LOST.labels("given_up").inc()
            log.error("submission_lost", job=job, tries=one.tries, queue=inbox)
            return
        try:
            await self._outbox.send(submit.encode(), submit.spec.plugin)
        except TaskManagerError as error:
            log.warning("submission_not_sent_again", job=job, error=str(error))
            return
        self._waiting[job] = _Accepted(one.partition, asyncio.get_running_loop().time(), one.tries + 1)
        self._waiting.move_to_end(job)
        SUBMISSIONS_LOST.labels("sent_again").inc()
        log.warning("submission_sent_again", job=job, tries=one.tries + 1, queue=inbox)
