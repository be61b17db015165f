"""The statuses of a job and every move between them; nothing about how a move is made.

`MOVES` is the only list of legal moves. `document()` makes the page `docs/state-machine.md`; a test checks
that the page is up to date.
"""

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Where a job is. The words are those Goobi users already know."""

    STARTED = "STARTED"
    WAITINGFORUPLOAD = "WAITINGFORUPLOAD"
    UPLOAD = "UPLOAD"
    PROCESSING = "PROCESSING"
    DOWNLOAD = "DOWNLOAD"
    PAUSED = "PAUSED"
    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"

    __hash__ = str.__hash__  # that of enumerations is seven times as slow, and every job is looked up by it

    @property
    def tab(self) -> "Tab":
        """The list of the plugin section that shows this status."""
        return _TABS.get(self, Tab.QUEUE)

    @property
    def running(self) -> bool:
        """Whether a runner is working on it: the job has an owner and a lease."""
        return self in RUNNING

    @property
    def final(self) -> bool:
        """Whether only an explicit retry moves the job on."""
        return self.tab is not Tab.QUEUE


class Tab(StrEnum):
    """The three lists of the plugin section."""

    QUEUE = "queue"
    DONE = "done"
    ERROR = "error"

    __hash__ = str.__hash__


_TABS = {Status.DONE: Tab.DONE, Status.ERROR: Tab.ERROR, Status.CANCELLED: Tab.ERROR}

RUNNING = frozenset({Status.WAITINGFORUPLOAD, Status.UPLOAD, Status.PROCESSING, Status.DOWNLOAD})

MEANING = {
    Status.STARTED: ("accepted; waits for its turn", "a claim", "stays; its ticket is made again"),
    Status.WAITINGFORUPLOAD: ("granted; waits for a transfer", "the runner", "back to STARTED"),
    Status.UPLOAD: ("its input is being copied to the workspace", "the runner", "back to STARTED"),
    Status.PROCESSING: ("the plugin is working", "the runner", "back to STARTED"),
    Status.DOWNLOAD: ("its results are put into place", "the runner", "back to STARTED; placing is undone"),
    Status.PAUSED: (
        "held by an operator, its plugin was stopped, or the job before it in its chain is not done",
        "an operator, or the end of the job before it",
        "stays",
    ),
    Status.DONE: ("finished; the results are in place", "nobody, ever", "stays"),
    Status.ERROR: ("failed; the full message is kept", "an explicit retry", "stays"),
    Status.CANCELLED: ("cancelled for good", "an explicit retry", "stays"),
}
"""Status -> what it means, who moves the job on, and what remains if the runner crashes."""


class Trigger(StrEnum):
    """Why a job moves."""

    SUBMIT = "submit"
    FOLLOW = "follow"
    """The job before it in its chain is done."""
    DUPLICATE = "duplicate"
    CLAIM = "claim"
    ADVANCE = "advance"
    COMMIT = "commit"
    FINISH = "finish"
    FAIL = "fail"
    REQUEUE = "requeue"
    HOLD = "hold"
    RELEASE = "release"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"

    __hash__ = str.__hash__


class Move(NamedTuple):
    """One legal move; `source` is None for a job that did not exist."""

    source: Status | None
    trigger: Trigger
    target: Status


def _moves() -> frozenset[Move]:
    s, t = Status, Trigger
    moves = {
        Move(None, t.SUBMIT, s.STARTED),
        Move(None, t.SUBMIT, s.PAUSED),
        Move(None, t.DUPLICATE, s.CANCELLED),
        Move(s.PAUSED, t.FOLLOW, s.STARTED),
        Move(s.STARTED, t.CLAIM, s.WAITINGFORUPLOAD),
        Move(s.WAITINGFORUPLOAD, t.ADVANCE, s.UPLOAD),
        Move(s.UPLOAD, t.ADVANCE, s.PROCESSING),
        Move(s.WAITINGFORUPLOAD, t.ADVANCE, s.PROCESSING),
        Move(s.PROCESSING, t.COMMIT, s.DOWNLOAD),
        Move(s.PROCESSING, t.FINISH, s.DONE),
        Move(s.DOWNLOAD, t.FINISH, s.DONE),
        Move(s.STARTED, t.HOLD, s.PAUSED),
        Move(s.PAUSED, t.RELEASE, s.STARTED),
        Move(s.PROCESSING, t.SUSPEND, s.PAUSED),
        Move(s.PAUSED, t.RESUME, s.PROCESSING),
        Move(s.STARTED, t.CANCEL, s.CANCELLED),
        Move(s.PAUSED, t.CANCEL, s.CANCELLED),
        Move(s.PAUSED, t.REQUEUE, s.STARTED),
        Move(s.PAUSED, t.REQUEUE, s.PAUSED),
        Move(s.PAUSED, t.FAIL, s.ERROR),
        Move(s.ERROR, t.RETRY, s.STARTED),
        Move(s.CANCELLED, t.RETRY, s.STARTED),
        Move(s.CANCELLED, t.RETRY, s.PAUSED),
    }
    for status in RUNNING:
        moves |= {Move(status, t.FAIL, s.ERROR), Move(status, t.REQUEUE, s.STARTED)}
        moves.add(Move(status, t.REQUEUE, s.PAUSED))
    for status in RUNNING - {s.DOWNLOAD}:
        moves.add(Move(status, t.CANCEL, s.CANCELLED))
    return frozenset(moves)


MOVES = _moves()


def document() -> str:
    """The state machine as a Markdown page with a Mermaid diagram."""
    order = {status: index for index, status in enumerate(Status)}
    moves = sorted(
        MOVES, key=lambda m: (order.get(m.source, -1) if m.source else -1, order[m.target], m.trigger)
    )
    arrows = [f"    {move.source or '[*]'} --> {move.target}: {move.trigger}" for move in moves]
    rows = [
        f"| `{status}` | {status.tab} | {meaning} | {mover} | {crash} |"
        for status, (meaning, mover, crash) in MEANING.items()
    ]
    return "\n".join(
        [
            "# The states of a job",
            "",
            "Made from `taskmanager.model.states` by `make docs`; do not edit.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *arrows,
            "```",
            "",
            "| status | tab | meaning | who moves it on | what a crash leaves |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
