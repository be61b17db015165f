"""What must hold from commit to commit, checked against the database's own log, in its order. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import Any

from tests.soak.evidence import Commit, Document, Verdict

from taskmanager.model.jobs import HISTORY_LIMIT
from taskmanager.model.reasons import history
from taskmanager.model.states import MOVES, Status, Tab
from taskmanager_scheduler.jobs.interruptions import CRASH_LIMIT

FINAL = {status.value for status in Status if status.final}
ARROWS = {(move.source.value if move.source else None, move.target.value) for move in MOVES}
RUNNERS_FIELDS = ("seq", "progress")
"""Fields that change only by a runner's report; a requeue and a retry clear the progress."""
UNCLAIMED = history.UNCLAIMED.name
"""After this entry the job waits with the same ticket."""


class History:
    """Reads commits in order and keeps what the other checks need."""

    def __init__(self, attempts_limit: int) -> None:
        """`attempts_limit`: how often a job may fail temporarily in a row."""
        self.grows = Verdict("I3", "attempt, dispatch and revision only grow, seq within an attempt")
        self.ended = Verdict(
            "I4", "DONE never changes, ERROR and CANCELLED by a retry only; every move is legal"
        )
        self.old = Verdict("I5", "nothing a runner says changes a job that is not its own")
        self.fresh = Verdict("I6", "each dispatch begins one attempt at most")
        self.stopped = Verdict("I9", "no job of a stopped plugin is granted")
        self.bounded = Verdict("I13", "crashes and temporary failures in a row have a bound")
        self.alone = Verdict("I15b", "never two active jobs with one unique key")
        self.granted: set[tuple[str, int]] = set()
        self.ends: dict[str, list[str]] = defaultdict(list)
        """Job -> the final statuses it reached, in order, but for duplicates (nothing was begun)."""
        self._attempts_limit = attempts_limit
        self._started_by: dict[str, int] = {}
        self._stops: dict[str, Any] = {}
        self._holders: dict[str, set[str]] = defaultdict(set)

    @property
    def verdicts(self) -> list[Verdict]:
        """All rows of the table."""
        return [self.grows, self.ended, self.old, self.fresh, self.stopped, self.bounded, self.alone]

    def read(self, commits: Iterable[Commit]) -> None:
        """Read all commits, transaction by transaction."""
        for _, changes in groupby(commits, key=lambda commit: commit.transaction):
            self._transaction(list(changes))

    def _transaction(self, commits: list[Commit]) -> None:
        stops_before = dict(self._stops)
        changed: set[str] = set()
        for commit in commits:
            if commit.collection == "plugins":
                self._stops[commit.key] = commit.after.get("stop")
                changed.add(commit.key)
        jobs = [commit for commit in commits if commit.collection == "jobs"]
        for commit in jobs:
            self._job(commit)
        for commit in jobs:
            self._gate(commit, stops_before, changed)
            self._unique(commit)

    def _job(self, commit: Commit) -> None:
        before, after = commit.before, commit.after
        self._numbers(before, after)
        self._dispatch(before, after)
        self._moves(before, after)
        self._words(before, after)
        text = f"{commit.key}: {after['crashes']} crashes, {after['failures']} failures in a row"
        crashed = after["crashes"] < CRASH_LIMIT or after["status"] == Status.ERROR
        self.bounded.check(
            crashed and after["crashes"] <= CRASH_LIMIT and after["failures"] < self._attempts_limit, text
        )

        tried = before["failures"] + 1 if before else 0
        error = after["error"] or {}
        if after["status"] == Status.ERROR and error.get("temporary") and error.get("kind") != "Crash":
            self.bounded.check(
                tried >= self._attempts_limit,
                f"{commit.key} was given up at try {tried} although the failure is temporary",
            )

    def _numbers(self, before: Document | None, after: Document) -> None:
        if before is None:
            return
        names = ("attempt", "dispatch", "rev")
        grown = all(after[name] >= before[name] for name in names) and after["rev"] > before["rev"]
        if after["attempt"] == before["attempt"]:
            grown = grown and after["seq"] >= before["seq"]
        numbers = [(name, before[name], after[name]) for name in (*names, "seq")]
        self.grows.check(grown, f"{after['_id']}: {numbers}")

    def _dispatch(self, before: Document | None, after: Document) -> None:
        job, first = after["_id"], before["attempt"] if before else 0
        if UNCLAIMED in map(_code, _new_entries(before, after)):
            self._started_by.pop(job, None)
        if after["attempt"] == first:
            return
        self.granted |= {(job, number) for number in range(first + 1, after["attempt"] + 1)}
        last = self._started_by.get(job, 0)
        text = f"{job}: attempt {after['attempt']} by dispatch {after['dispatch']} after {last}"
        self.fresh.check(after["dispatch"] > last, text)
        # a grant that was given back in the same transaction has raised the dispatch already
        if after["status"] != Status.STARTED or after["dispatch"] != (before["dispatch"] if before else 1):
            self._started_by[job] = before["dispatch"] if before else 1

    def _moves(self, before: Document | None, after: Document) -> None:
        job, entries = after["_id"], list(_new_entries(before, after))
        statuses = [before["status"] if before else None, *(entry["status"] for entry in entries)]
        moved = [pair for pair in pairwise(statuses) if pair[0] != pair[1]]
        illegal = [f"{source} to {target}" for source, target in moved if (source, target) not in ARROWS]
        unnoted = before is not None and _whole(before) and statuses[-1] != after["status"]
        self.ended.check(not illegal and not unnoted, f"{job}: {illegal or 'a move without a note'}")
        if before is not None and before["status"] in FINAL:
            retried = before["status"] != Status.DONE and Status.STARTED in statuses[1:]
            self.ended.check(retried, f"{job} changed after it was {before['status']}: {statuses}")
        duplicate = (after.get("error") or {}).get("kind") == "duplicate" and before is None
        if not duplicate:
            self.ends[job] += [str(target) for _, target in moved if target in FINAL]

    def _words(self, before: Document | None, after: Document) -> None:
        if before is None or before["owner"] is not None or after["attempt"] != before["attempt"]:
            return
        same = all(after[name] == before[name] for name in RUNNERS_FIELDS)
        self.old.check(
            same, f"{after['_id']} changed by a runner's word although nobody's: rev {after['rev']}"
        )

    def _gate(self, commit: Commit, stops: Document, changed: set[str]) -> None:
        """If a stop or restart is in the same transaction as the grant, either may have come first."""
        before, after = commit.before, commit.after
        if after["attempt"] > (before["attempt"] if before else 0) and after["plugin"] not in changed:
            stop = stops.get(after["plugin"])
            self.stopped.check(
                stop is None, f"{commit.key} was granted although {after['plugin']} is stopped"
            )

    def _unique(self, commit: Commit) -> None:
        unique = commit.after["spec"].get("unique")
        if unique is None:
            return
        holders = self._holders[unique]
        if commit.after["tab"] == Tab.QUEUE:
            holders.add(commit.key)
        else:
            holders.discard(commit.key)
        self.alone.check(len(holders) <= 1, f"{unique} is held by {sorted(holders)}")


def _whole(document: Document) -> bool:
    return len(document["history"]) < HISTORY_LIMIT


def _code(entry: Document) -> str | None:
    what = entry.get("what")
    return what["code"] if what else None


def _new_entries(before: Document | None, after: Document) -> Iterator[Document]:
    """New entries of the history; once it is full and drops old ones, the moves cannot be determined."""
    known = len(before["history"]) if before else 0
    if before is None or (_whole(before) and _whole(after)):
        yield from after["history"][known:]
        return
    last = before["history"][-1]
    kept = list(after["history"])
    yield from kept[kept.index(last) + 1 :] if last in kept else kept[-1:]
