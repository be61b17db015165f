"""All checks over all evidence, and the table of what they found."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from tests.plugins.taskmanager_test_plugins.soak import RETRY, SoakOutside
from tests.soak import resting, runs, telling
from tests.soak.commits import History
from tests.soak.evidence import Commit, Folder, Heard, Obeyed, Rest, RunLine, Started, Submitted, Verdict
from tests.soak.restoring import eras
from tests.soak.restoring.eras import Era

SHOWN = 10
"""Violations of one invariant that are printed."""


@dataclass(frozen=True)
class Evidence:
    """Everything that was collected."""

    commits: Iterable[Commit]
    rest: Rest
    lines: Sequence[RunLine]
    folders: dict[str, Folder]
    submissions: Sequence[Submitted]
    commands: Sequence[Obeyed]
    operations: Sequence[str]
    started: Sequence[Started]
    dead_letters: int
    heard: Sequence[Heard]
    eras: Sequence[Era] = ()
    """The time before each restore of the database."""
    sent_again: Collection[str] = ()
    """Jobs that were lost with a database and resubmitted."""


def read(commits: Iterable[Commit]) -> History:
    """Check every commit."""
    history = History(RETRY.attempts)
    history.read(commits)
    return history


def judge(evidence: Evidence) -> list[Verdict]:
    """Every row, in the order of the invariants."""
    history = read(evidence.commits)
    rest, before = evidence.rest, evidence.eras
    histories = [*(era.history for era in before), history]
    lines = list(eras.split(evidence.lines, before))
    lost = [era.rest for era in before]
    forgotten = eras.forgotten(before, rest.jobs) - set(evidence.sent_again)
    rows = [
        resting.kept(evidence.submissions, rest, forgotten),
        eras.joined(runs.alone_outside(part, SoakOutside.manifest.name) for part in lines),
        *runs.placed(rest.jobs, evidence.folders, eras.placed_before(before)),
        *map(eras.joined, zip(*(one.verdicts for one in histories), strict=True)),
        resting.recounted(rest),
        eras.joined(
            runs.started_by_grant(part, one.granted) for part, one in zip(lines, histories, strict=True)
        ),
        eras.joined(map(runs.started_once, lines)),
        resting.in_turn(evidence.started),
        resting.let_go(rest),
        resting.same_job(evidence.submissions),
        resting.reported(rest, history.ends),
        telling.delivered(rest, evidence.heard, eras.ended_otherwise(before, history.ends)),
        resting.obeyed(evidence.commands, rest, lost),
        resting.worked_off(evidence.operations, rest, lost),
        resting.readable(evidence.dead_letters),
    ]
    return sorted(rows, key=_order)


def _order(row: Verdict) -> tuple[int, int, str]:
    digits = "".join(letter for letter in row.invariant if letter.isdigit())
    return (not digits, int(digits or 0), row.invariant)


def show(console: Console, rows: Sequence[Verdict], counts: Counter[str]) -> None:
    """The table, the counts, and the first violations of each invariant."""
    table = Table("invariant", "what must hold", "checked", "violations")
    for row in rows:
        table.add_row(row.invariant, row.says, f"{row.checked:,}", str(len(row.violations)))
    console.print(table)
    numbers = Table("what was done", "times")
    for name, count in sorted(counts.items()):
        numbers.add_row(name, f"{count:,}")
    console.print(numbers)
    for row in rows:
        for violation in row.violations[:SHOWN]:
            console.print(f"VIOLATION {row.invariant}: {violation}")


def facts(rest: Rest, lines: Sequence[RunLine]) -> Counter[str]:
    """What the database and the run log count."""
    counts: Counter[str] = Counter()
    for job in rest.jobs.values():
        counts["jobs"] += 1
        counts[f"jobs {job['status']}"] += 1
        counts["attempts granted"] += job["attempt"]
        codes = [entry["what"]["code"] for entry in job["history"]]
        counts["attempts crashed"] += sum(code.startswith("history.crashed") for code in codes)
        counts["suspensions"] += codes.count("history.suspended")
        counts["history entries"] += len(codes)
    counts["attempts started by plugins"] = sum(line.what == "start" for line in lines)
    counts["reports"] = len(rest.reports)
    counts["audit entries"] = len(rest.audit)
    return counts
