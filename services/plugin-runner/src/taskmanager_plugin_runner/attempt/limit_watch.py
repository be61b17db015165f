"""Watches one attempt while its plugin works: time, files and memory. Ends nothing by itself.

Time is added up check by check, with a maximum per check: time missed by a stopped runner or a sleeping
machine, or spent while the job is suspended, is not charged to the job.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

from taskmanager.model.jobs import JobError
from taskmanager.model.manifest import JobLimits, PluginManifest
from taskmanager.model.reasons.coded_text import TextCode
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.slot_protocol import ProgressNote
from taskmanager_plugin_runner.system import memory
from taskmanager_plugin_runner.system.memory import Usage, size_words

LOOK = timedelta(milliseconds=500)
"""Time between two checks, and thus how precise a limit is."""
LONGEST_LOOK_SECONDS = 2.0
"""The most that one check adds to any time count."""
EXACT_LIMIT = timedelta(seconds=2)


log = get_logger(__name__)


class LimitWatch:
    """How much of its limits one attempt has used."""

    def __init__(self, limits: JobLimits, clock: Callable[[], float] = elapsed_seconds) -> None:
        """Nothing counts before `begin`."""
        self._limits, self._clock = limits, clock
        self._looked_at = 0.0
        self._worked = 0.0
        self._worked_on_file = 0.0
        self._oom_kills: int | None = None
        self._at: ProgressNote | None = None
        self.peak = Usage()
        """The largest memory use seen at any time."""

    def begin(self) -> None:
        """The plugin starts working."""
        self._looked_at = self._clock()

    def progressed(self, note: ProgressNote) -> None:
        """Note progress: a different number of files done, or a different file at work."""
        if self._at is None or (note.done, note.current_file) != (self._at.done, self._at.current_file):
            self._worked_on_file = 0.0
        self._at = note

    @property
    def progress(self) -> tuple[int, int]:
        """Files done and in all, as reported last."""
        return (self._at.done, self._at.total) if self._at is not None else (0, 0)

    async def look(self, leader: int, *, suspended: bool) -> JobError | None:
        """The limit the job has exceeded, if any; `leader` is the process that leads its group."""
        self._count(suspended=suspended)
        self._oom_kills = memory.oom_kills()
        seen = memory.resident(leader)
        if seen.bytes > self.peak.bytes:
            self.peak = seen
        return self._late() or await self._large(leader, seen)

    @property
    def memory_limit_bytes(self) -> int | None:
        """The limit for all processes of the job together."""
        return self._limits.memory_limit_bytes

    def starved(self) -> JobError:
        """The error of a job that the kernel ended because it needed more memory than its limit."""
        limit = size_words(self._limits.memory_limit_bytes or 0)
        peak = self.peak.words() if self.peak.bytes else None
        return self._error("MemoryLimit", attempt_texts.STARVED, limit=limit, peak=peak)

    def evidence(self) -> Iterator[str]:
        """What was known about a job that ended suddenly; each part begins with a semicolon."""
        if self.peak.bytes:
            yield attempt_texts.PEAK(usage=self.peak.words())
        if (progress := self._progress()) is not None:
            yield progress

    def struck(self) -> bool | None:
        """Whether the kernel has killed a process for lack of memory since the last check; None: unknown."""
        now = memory.oom_kills()
        return None if now is None or self._oom_kills is None else now > self._oom_kills

    def _count(self, *, suspended: bool) -> None:
        now = self._clock()
        passed = min(now - self._looked_at, LONGEST_LOOK_SECONDS)
        self._looked_at = now
        if not suspended:
            self._worked += passed
            self._worked_on_file += passed

    def _late(self) -> JobError | None:
        whole, file = self._limits.time_limit, self._limits.file_time_limit
        if whole is not None and self._worked >= whole.total_seconds():
            return self._error(
                "TimeLimit", attempt_texts.TIME_LIMIT, limit=whole, seconds=round(self._worked)
            )
        if file is not None and self._worked_on_file >= file.total_seconds():
            return self._error(
                "TimeLimit",
                attempt_texts.FILE_TIME_LIMIT,
                limit=file,
                without=round(self._worked_on_file),
                seconds=round(self._worked),
            )
        return None

    async def _large(self, leader: int, seen: Usage) -> JobError | None:
        limit = self._limits.memory_limit_bytes
        if limit is None or seen.bytes <= limit:
            return None
        used = await _exactly(leader, seen)
        if used.bytes <= limit:
            return None
        return self._error(
            "MemoryLimit", attempt_texts.MEMORY_LIMIT, limit=size_words(limit), usage=used.words()
        )

    def _error(self, kind: str, what: TextCode, **told: object) -> JobError:
        told["progress"] = self._progress()
        known = {name: value for name, value in told.items() if value is not None}
        return JobError.of(what(**known), kind, temporary=self._limits.temporary)

    def _progress(self) -> str | None:
        if self._at is None:
            return None
        file = {"file": self._at.current_file} if self._at.current_file else {}
        return attempt_texts.PROGRESS(done=self._at.done, total=self._at.total, **file)


def tell_limits(manifest: PluginManifest, nice: int, *, by_kernel: bool) -> None:
    """Log once which limits are in force on this runner; `by_kernel`: the kernel limits the memory, too."""
    log.info(
        "limits_in_force",
        **manifest.limits.model_dump(exclude_none=True),
        processors=manifest.processors or "all",
        nice=nice,
        memory_is="limited by the kernel, and looked at in /proc" if by_kernel else "looked at in /proc",
        every_seconds=LOOK.total_seconds(),
    )


async def _exactly(leader: int, seen: Usage) -> Usage:
    """Memory use without counting shared pages twice; `seen` if a process hangs."""
    try:
        async with asyncio.timeout(EXACT_LIMIT.total_seconds()):
            return await asyncio.to_thread(memory.proportional, leader)
    except TimeoutError:
        return seen
