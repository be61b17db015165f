"""Operators' commands for jobs."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from taskmanager_cli.completion import JOB
from taskmanager_cli.errors import RefusedError, UsageError
from taskmanager_cli.options import PRIORITY, as_json, pass_session, segment, with_reason, with_yes
from taskmanager_cli.session import Session

TYPES = click.Choice(["error", "warn", "info", "debug", "user", "important"])
STDIN = "-"


def for_each(
    session: Session, jobs: Sequence[str], verb: str, body: dict[str, Any], method: str = "POST"
) -> None:
    """Send the command for each job; asks before there are several.

    A job that is refused does not stop the others. Raises RefusedError at the end if any was refused, any
    other CommandError at once.
    """
    ids = _ids(jobs)
    several = len(ids) > 1
    if several:
        session.confirm(f"{verb} {len(ids)} jobs?")
    refused = 0
    for job in ids:
        try:
            answer = session.client.send(method, f"/jobs/{segment(job)}/{verb}", body=body)
        except RefusedError as error:
            if not several:
                raise
            refused += 1
            session.note(f"{job}: {error}")
            continue
        session.report(answer, f"{verb} {job}", indent=None if several else 2)
    if refused:
        raise RefusedError(f"{refused} of {len(ids)} jobs were refused.")


def _ids(jobs: Sequence[str]) -> list[str]:
    """The ids as given, `-` replaced by the words on stdin; each once."""
    given = [word for job in jobs for word in (sys.stdin.read().split() if job == STDIN else [job])]
    if not given:
        raise UsageError("There is no id on stdin: nothing was changed.")
    return list(dict.fromkeys(given))


def _command(verb: str, help_text: str) -> click.Command:
    @click.command(verb, help=f"{help_text}\n\nSeveral ids are possible; - reads them from stdin.")
    @click.argument("jobs", type=JOB, nargs=-1, required=True)
    @with_reason
    @with_yes
    @as_json
    @pass_session
    def command(session: Session, jobs: tuple[str, ...], reason: str) -> None:
        for_each(session, jobs, verb, {"reason": reason})

    return command


@click.command()
@click.argument("priority", type=PRIORITY)
@click.argument("jobs", type=JOB, nargs=-1, required=True)
@with_reason
@with_yes
@as_json
@pass_session
def priority(session: Session, priority: int, jobs: tuple[str, ...], reason: str) -> None:
    """Set the priority of jobs: 0 to 10, higher first.

    Several ids are possible; - reads them from stdin.
    """
    for_each(session, jobs, "priority", {"priority": priority, "reason": reason}, method="PUT")


@click.command()
@click.argument("job", type=JOB)
@click.argument("text")
@click.option("--type", "kind", type=TYPES, default="info", show_default=True, help="Type of the entry.")
@as_json
@pass_session
def message(session: Session, job: str, text: str, kind: str) -> None:
    """Write a message into the process log of a job's Goobi process."""
    session.command(
        "POST", f"/jobs/{segment(job)}/messages", {"type": kind, "text": text}, subject=f"message {job}"
    )


COMMANDS = (
    _command(
        "cancel", "Cancel jobs for good: waiting ones at once, running ones as soon as their processes end."
    ),
    _command("hold", "Keep jobs from starting, or pause them where they are."),
    _command("release", "Let held jobs continue."),
    _command("retry", "Queue jobs in ERROR or CANCELLED again, from the beginning."),
    _command("next", "Put jobs before all waiting jobs of their plugin."),
    priority,
)
