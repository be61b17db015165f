"""`make soak`: runs a whole system under random work, commands and faults, then checks every invariant.

Prints a table. Exit code 1 if anything was violated or did not come to rest; the folder with data and logs is
then kept.
"""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

from rich.console import Console
from tests.soak import collect
from tests.soak.book import Book
from tests.soak.chaos import Chaos
from tests.soak.driver import Client, Operator, Submitter, Worker
from tests.soak.evidence import Heard, Rest
from tests.soak.goobi import goobi_for, heard, settings_file
from tests.soak.judging import Evidence, facts, judge, show
from tests.soak.leftovers import ended_with_their_runners
from tests.soak.machines import Machines, elapsed_seconds, running_machines, wait_until_ready
from tests.soak.restoring import eras
from tests.soak.restoring.backup import Backup
from tests.soak.restoring.eras import Era
from tests.soak.scenes import Stage
from tests.soak.settling import NotAtRestError, ordered_starts, settle

from taskmanager_testing.goobi import RunningGoobi, running_goobi

TEST_PLUGINS = Path(__file__).parents[1] / "plugins"
SUBMITTERS = 4
OPERATORS = 2
SUBMIT_SHARE = 0.85
"""Share of the time with faults; the rest is for jobs in progress."""
RESTORES = 2
"""Alternating copies and restores in every run, in addition to random ones."""
STEP_SECONDS = 0.05
PROGRESS_SECONDS = 10
REST_SECONDS = 120
LATE_SECONDS = 180
"""For submissions that clients are still repeating when the faults are over."""

console = Console(highlight=False, soft_wrap=True)


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Starts nothing yet."""
        self._options, self._folder = options, folder
        self._stage, self._book = Stage(folder / "goobi"), Book()
        self._backup: Backup | None = None
        self._began = elapsed_seconds()

    def run(self) -> bool:
        """Run it; returns whether every invariant held."""
        self._stage.build(self._random("sources"))
        with (
            running_goobi(goobi_for(self._options.jobs)) as goobi,
            self.machines(
                self._folder / "stack",
                self._folder / "goobi",
                {"TASKMANAGER_GOOBI": str(settings_file(self._folder, goobi.url))},
            ) as machines,
        ):
            self.say("the system is up")
            operators = self._suffer(machines, goobi)
            wait_until_ready(machines)
            self.say("the faults are over")
            # a client from before a restore takes the database for one that was deposed
            store = collect.open_store(machines.urls.database)
            sent_again = self._send_again(machines, store)
            seconds = settle(machines, store, operators[0], within_seconds=self._patience, say=self.say)
            self._book.count("seconds until everything was at rest", round(seconds))
            self.say("at rest; now some jobs in order, with one slot")
            held = self._judge(machines, store, operators[0], heard(goobi), sent_again)
        return self._nothing_left() and held

    def machines(
        self, folder: Path, roots: Path, settings: Mapping[str, str]
    ) -> AbstractContextManager[Machines]:
        """The system; `settings` are for its services."""
        options = self._options
        return running_machines(
            folder, roots, runners=options.runners, slots=options.slots, settings=settings
        )

    def trouble(self, machines: Machines, goobi: RunningGoobi) -> None:
        """Cause the faults; returns when they are over."""
        options = self._options
        backup = self._backup = Backup(machines, self._stage.run_log)
        random, every = self._random("chaos"), options.fault_seconds
        chaos = Chaos(machines, goobi, backup, self._book, random, every=every)
        for _ in range(RESTORES):
            self._until(elapsed_seconds() + options.minutes * 60 / (RESTORES + 1), chaos)
            chaos.back_up_or_restore()
        self._until(elapsed_seconds() + options.minutes * 60 / (RESTORES + 1), chaos)
        chaos.end()

    def _nothing_left(self) -> bool:
        """When the runners are gone, so are all processes of their jobs, including stopped ones."""
        verdict = ended_with_their_runners(self._folder)
        for violation in verdict.violations:
            self.say(f"VIOLATION {verdict.invariant}: {violation}")
        return not verdict.violations

    @property
    def _patience(self) -> float:
        """The time within which some of the remaining work must be done: twice a lease."""
        return float(self._options.rest_seconds or REST_SECONDS)

    def _random(self, name: str) -> Random:
        return Random(f"{self._options.seed}/{name}")  # noqa: S311 - to be repeated, not to be secret

    def _suffer(self, machines: Machines, goobi: RunningGoobi) -> list[Operator]:
        """Run work, commands and faults at the same time."""
        options = self._options
        seconds = options.minutes * 60
        every = seconds * SUBMIT_SHARE * SUBMITTERS / options.jobs
        submitters = [self._submitter(machines, number, every) for number in range(SUBMITTERS)]
        operators = [self._operator(machines, number) for number in range(OPERATORS)]
        workers: list[Worker] = [*operators, *submitters]
        for worker in workers:
            worker.start()
        self.trouble(machines, goobi)
        for operator in operators:
            operator.over.set()
        for worker in workers:
            worker.join(LATE_SECONDS)
            if worker.is_alive() or worker.failure:
                message = f"{worker.name} did not end in order: {worker.failure!r}"
                raise NotAtRestError(message)
        return operators

    @property
    def _eras(self) -> Sequence[Era]:
        return self._backup.eras if self._backup else ()

    def _send_again(self, machines: Machines, store: collect.Store) -> set[str]:
        """Resubmit jobs unknown to a restored database whose clients have an idempotency key."""
        stored = {job["_id"] for job in store["jobs"].find({}, {"_id": 1})}
        lost = eras.forgotten(self._eras, stored)
        again = {one.job: one for one in self._book.submissions if one.key and one.job in lost}
        self._book.count("jobs lost with a database", len(lost))
        submitter, first = self._submitter(machines, 0, 0), len(self._book.submissions)
        for one in again.values():
            submitter.send(one.number, dict(one.spec), one.key)
        answered = [one for one in self._book.submissions[first:] if one.outcome != "duplicate"]
        self._book.count("lost jobs submitted again", len(answered))
        return {one.job for one in answered if one.job}

    def _submitter(self, machines: Machines, number: int, every: float) -> Submitter:
        random = self._random(f"submitter {number}")
        client = Client(machines.gateways, random)
        numbers = range(number, self._options.jobs, SUBMITTERS)
        return Submitter(
            f"submitter-{number}", client, self._stage, self._book, random, numbers=numbers, every=every
        )

    def _operator(self, machines: Machines, number: int) -> Operator:
        random = self._random(f"operator {number}")
        client = Client(machines.gateways, random)
        name, pause = f"operator-{number}", self._options.command_seconds
        return Operator(name, client, self._book, random, pause=pause, number=number, of=OPERATORS)

    def _until(self, end: float, chaos: Chaos) -> None:
        shown = elapsed_seconds()
        while elapsed_seconds() < end:
            chaos.run_once()
            time.sleep(STEP_SECONDS)
            if elapsed_seconds() - shown > PROGRESS_SECONDS:
                shown = elapsed_seconds()
                self._progress()

    def _progress(self) -> None:
        names = ("commands", "kills", "freezes")
        done = [
            (len(self._book.submissions), "submissions"),
            *((self._book.total(name), name) for name in names),
        ]
        numbers = ", ".join(f"{number:,} {name}" for number, name in done)
        lines = sum(1 for _ in self._stage.run_log.open("rb"))
        self.say(f"{numbers}, {lines:,} lines in the run log")

    def say(self, text: str) -> None:
        """Print a line about what is happening."""
        console.print(f"[{elapsed_seconds() - self._began:6.1f} s] {text}", markup=False)

    def _judge(
        self,
        machines: Machines,
        store: collect.Store,
        operator: Operator,
        told: Sequence[Heard],
        sent_again: Collection[str],
    ) -> bool:
        held, dead = machines.left_in_queues()
        started = ordered_starts(machines, store, operator, self._book, self._stage, self._random("order"))
        self.say("all evidence is there")
        rest: Rest = collect.rest(store, held)
        lines = collect.run_lines(self._stage.run_log)
        evidence = Evidence(
            commits=collect.commits(store, collect.beginning(store)),
            rest=rest,
            lines=lines,
            folders=collect.folders(self._stage, eras.owners(self._eras, rest)),
            submissions=self._book.submissions,
            commands=self._book.commands,
            operations=self._book.operations,
            started=started,
            dead_letters=dead,
            heard=told,
            eras=self._eras,
            sent_again=sent_again,
        )
        rows = judge(evidence)
        show(console, rows, Counter(self._book.counts) + facts(rest, lines))
        return not any(row.violations for row in rows)


def main() -> None:
    """Read the command line, run, and keep the folder if there is something to investigate."""
    options = _options()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="taskmanager-soak-"))
    console.print(f"seed {options.seed}, {options.jobs} jobs, {options.minutes:g} minutes, data in {folder}")
    sys.exit(0 if carried_out(Soak(options, folder), folder) else 1)


def carried_out(soak: Soak, folder: Path) -> bool:
    """Run it; returns whether every invariant held. If not, the folder is kept."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(TEST_PLUGINS), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    try:
        held = soak.run()
    except NotAtRestError as error:
        console.print(f"VIOLATION: {error}", markup=False)
        held = False
    if held:
        shutil.rmtree(folder)
    console.print("every invariant held" if held else f"VIOLATED; data and logs stay in {folder}")
    return held


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--runners", type=int, default=2, help="runners per plugin")
    parser.add_argument("--slots", type=int, default=3, help="slots per runner")
    parser.add_argument("--fault-seconds", type=float, default=3, help="mean seconds between two faults")
    parser.add_argument("--command-seconds", type=float, default=0.3, help="seconds between two commands")
    parser.add_argument(
        "--rest-seconds", type=float, help="seconds within which some of the remaining work must be done"
    )
    parser.add_argument("--folder", type=Path, help="folder for data and logs; must not exist")
    return parser.parse_args()


if __name__ == "__main__":
    main()
