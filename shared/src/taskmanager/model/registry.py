"""What is installed and what is running.

Plugins, runners, the statistics of a plugin's tabs, and dead letters, as stored and as shown.
"""

from datetime import datetime, timedelta

from pydantic import Field

from taskmanager.model.control import Drain, Settlement, Stop
from taskmanager.model.jobs import Attribution, FileRecord, LogLine, PluginName, Record
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons import PROSE, Reason, absent
from taskmanager.model.states import RUNNING, Status, Tab


class InstalledPlugin(Record):
    """A plugin for which a runner has sent a hello."""

    manifest: PluginManifest
    installed_at: datetime
    stop: Stop | None = None
    refused: Attribution | None = None
    """Set while new jobs are refused."""
    failures: int = 0
    """Consecutive jobs that ended in ERROR; counted for the circuit breaker."""
    max_running: int | None = None
    """Set by an operator; overrides the manifest's."""
    rev: int = 0
    """Grows with every write and guards it."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.manifest.name

    @property
    def paused(self) -> bool:
        """Whether claims are not granted at the moment."""
        return self.stop is not None

    @property
    def accepting(self) -> bool:
        """Whether new jobs are accepted."""
        return self.refused is None

    @property
    def limit(self) -> int | None:
        """How many of its jobs may run at once over all runners; None: as many as there are slots."""
        return self.max_running if self.max_running is not None else self.manifest.max_running


ALIVE_FOR = timedelta(seconds=20)
"""A runner is alive if it was heard from within this time: four heartbeats."""


class RunnerState(Record):
    """A runner as of its last hello or heartbeat, by the database's clock."""

    id: str
    instance: str
    plugin: PluginName
    host: str
    version: str
    slots: int
    transfers: int
    busy: int
    started_at: datetime
    last_heartbeat: datetime
    alive: bool = True
    drain: Drain | None = None
    """Set while it takes no jobs; kept when the runner restarts."""


class AtWork(Record):
    """A job that belongs to a runner, reduced to what a list of runners shows."""

    job: str
    plugin: PluginName
    title: str = ""
    status: Status
    runner: str


class TabStatistics(Record):
    """The sums over all jobs of one plugin and tab, updated in the same transactions as the jobs.

    `files` and `bytes` are those of the input while a job is queued or failed, of the results once it is
    DONE.
    """

    plugin: PluginName
    tab: Tab
    jobs: int = 0
    files: int = 0
    bytes: int = 0
    statuses: dict[Status, int] = Field(default_factory=dict)

    @property
    def running(self) -> int:
        """How many jobs of this tab are being worked on by a runner."""
        return sum(self.statuses.get(status, 0) for status in RUNNING)


class LogBlock(Record):
    """Lines of a job's log as stored: `seq` numbers the blocks of an attempt from 1."""

    job: str
    attempt: int
    seq: int
    lines: tuple[LogLine, ...]


FILES_KEPT = 100_000
"""How many files of one attempt are kept. One more is stored as a sign that there were more, but not shown.
"""


class StoredFile(Record):
    """What happened to one file of a job, as stored: `number` counts the files of an attempt from 1."""

    job: str
    attempt: int
    number: int
    at: datetime
    file: FileRecord


class AuditEntry(Record):
    """Who requested what, when, why, and with what outcome; `id` is that of the command."""

    id: str
    at: datetime
    actor: str
    reason: str
    what: Reason | None = Field(default=None, exclude_if=absent)
    """What was requested."""
    action: str = ""
    """Plain text used in place of `what`: written by an earlier version, or for one."""
    job: str | None = None
    plugin: PluginName | None = None
    runner: str | None = None
    subject: str | None = None
    """The user or token concerned, written as actors are: a user's name, or `token:` and the token's name."""
    outcome: str
    why: Reason | None = Field(default=None, exclude_if=absent)
    """Why it was refused, or why there was nothing to do."""
    detail: str = ""
    """Plain text instead of `why`, from an earlier version or for one; for a log-in, how and from where."""

    @property
    def asked(self) -> Reason:
        """What was requested."""
        return self.what or PROSE(text=self.action)

    @property
    def told(self) -> Reason | None:
        """Why it was refused, or what else there is to say."""
        return self.why or (PROSE(text=self.detail) if self.detail else None)


LETTERS_LIMIT = 100
"""How many dead letters are shown, the oldest first; the next ones appear when these are settled."""
TEXT_LIMIT = 16 * 1024
"""How many characters of a dead letter are shown."""


class DeadLetter(Record):
    """A message to the scheduler that it could not use.

    Attributes:
        id: the same for letters with the same content and origin.
        copies: how many there are of it.
        queue: the inbox it was taken out of.
        cause: why, in RabbitMQ's word: `rejected` by the scheduler, `delivery_limit`, `expired`, `maxlen`.
        died: when, by the broker's clock.
        key: the routing key under which it was published.
        user: the broker user who published it, if the message names one.
        kind: the type of message; None if it cannot be read.
        objection: why the scheduler would refuse it again as it is today, or None.
        bytes: the length of its body.
        sha256: of its body, as in the scheduler's log.
        text: the beginning of its body.
        settlement: what is about to be done with it.
    """

    id: str
    copies: int = 1
    queue: str
    cause: str
    died: datetime | None = None
    key: str
    user: str | None = None
    kind: str | None = None
    objection: str | None = None
    bytes: int
    sha256: str
    text: str
    settlement: Settlement | None = None
