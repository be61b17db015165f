"""`taskmanager operations`: one change of many jobs, and its progress."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.commands.jobs.conditions import conditions
from taskmanager_cli.commands.jobs.submit import KEY
from taskmanager_cli.commands.jobs.views import JOBS
from taskmanager_cli.completion import JOB, OPERATION
from taskmanager_cli.errors import RefusedError
from taskmanager_cli.http.pages import is_given
from taskmanager_cli.options import (
    PRIORITY,
    OrderedGroup,
    as_json,
    paged,
    pass_session,
    segment,
    with_reason,
    with_yes,
)
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, moment
from taskmanager_cli.session import Session

ACTIONS = click.Choice(["cancel", "hold", "release", "retry", "next", "priority"])
ENDED = {"done", "stopped"}
LOOK_SECONDS = 1.0
"""Between two looks at an operation that is followed."""
STORED_LOOKS = 60
"""How often one that the scheduler has not stored yet is looked for."""


def chosen(operation: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of an operation that are set."""
    return {name: value for name, value in operation["filter"].items() if value is not None}


OPERATIONS = (
    field("id", "id", whole=True),
    field("action", "action"),
    field("state", "state"),
    field("%", "percent", right=True),
    field("total", "total", right=True),
    field("refused", "refused", right=True),
    Column("jobs", chosen),
    Column("asked by", lambda operation: attribution(operation["asked"])),
)


@click.group(cls=OrderedGroup)
def operations() -> None:
    """Change many jobs at once, and follow what becomes of it."""


@operations.command("list")
@paged
@as_json
@pass_session
def list_operations(session: Session, /, **query: Any) -> None:
    """List operations, the newest first."""
    session.show_list("/operations", "operations", OPERATIONS, query)


@operations.command()
@click.argument("operation", type=OPERATION)
@as_json
@pass_session
def show(session: Session, operation: str) -> None:
    """Show an operation and its progress."""
    session.show(session.client.send("GET", f"/operations/{segment(operation)}").data, _details)


@operations.command()
@click.argument("operation", type=OPERATION)
@as_json
@pass_session
def follow(session: Session, operation: str) -> None:
    """Show the progress of an operation until its end, then the operation."""
    follow_operation(session, session.client.send("GET", f"/operations/{segment(operation)}").data, wait=True)


@operations.command()
@click.argument("operation", type=OPERATION)
@click.option("--after", type=click.IntRange(0), default=0, help="Only those after this number.")
@as_json
@pass_session
def failures(session: Session, operation: str, after: int) -> None:
    """List the jobs an operation could not change, each with the reason."""
    columns = (field("no", "number", right=True), field("job", "job", whole=True), field("reason", "reason"))
    while True:
        query = {"after": after, "limit": 200}
        page = session.client.send("GET", f"/operations/{segment(operation)}/failures", query=query).data
        if session.as_json:
            session.print_json(page, indent=None)
        elif page["failures"]:
            session.rows(columns, page["failures"])
        after = page["after"]
        if not page["more"]:
            return


@operations.command()
@click.argument("action", type=ACTIONS)
@click.option("--to", "priority", type=PRIORITY, help="The new priority, for the action priority.")
@conditions
@click.option("--id", "ids", multiple=True, type=JOB, help="Only this job; may be repeated.")
@click.option("--all-plugins", is_flag=True, help="Confirm that the jobs of all plugins are meant.")
@click.option("--dry-run", is_flag=True, help="Change nothing: count the jobs and show some of them.")
@click.option("-f", "--follow", "wait", is_flag=True, help="Wait for its end and show the progress.")
@click.option(
    "--key", metavar="TEXT", help="Idempotency key: repeated with the same key, it stays one operation."
)
@with_reason
@with_yes
@as_json
@pass_session
def start(session: Session, /, **given: Any) -> None:
    """Change all jobs that match the conditions: cancel, hold, release, retry, next or priority.

    The jobs are counted first, and you are asked before anything is changed.
    """
    wait, key, dry_run = given.pop("wait"), given.pop("key"), given.pop("dry_run")
    body = body_of(given)
    if dry_run or not session.yes:
        preview = session.client.send("POST", "/operations", body={**body, "dry_run": True}).data
        if dry_run:
            _preview(session, preview)
            return
        least = "" if preview["exact"] else "at least "
        session.confirm(f"{body['action']} {least}{preview['count']} jobs?")
    headers = {KEY: key or str(uuid.uuid4())}
    answer = session.client.send("POST", "/operations", body=body, headers=headers)
    follow_operation(session, answer.data, wait=wait)


@operations.command()
@click.argument("operation", type=OPERATION)
@with_reason
@as_json
@pass_session
def stop(session: Session, operation: str, reason: str) -> None:
    """Stop an operation: what it has not reached is left alone, what was done stays done."""
    path = f"/operations/{segment(operation)}/stop"
    session.command("POST", path, {"reason": reason}, subject=f"stop {operation}")


def body_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The request for an operation that the options stand for."""
    own = ("action", "priority", "reason", "all_plugins")
    wanted = {name: value for name, value in given.items() if name not in own and is_given(value)}
    body: dict[str, Any] = {"action": given["action"], "filter": wanted, "reason": given["reason"]}
    if given["priority"] is not None:
        body["priority"] = given["priority"]
    if given["all_plugins"]:
        body["all"] = True
    return body


def follow_operation(session: Session, operation: Mapping[str, Any], *, wait: bool) -> None:
    """Print an operation; with `wait` after its end, and its progress on stderr before.

    One that the scheduler has not stored yet, because it was away, is waited for during the first minute.
    Raises RefusedError if it was stopped or could not change some jobs.
    """
    shown = _until_ended(session, str(operation["id"])) if wait else operation
    session.show(shown, _details)
    if wait and (shown["refused"] or shown["state"] == "stopped"):
        raise RefusedError(
            f"{shown['refused']} jobs were refused"
            f"{' and the operation was stopped' if shown['state'] == 'stopped' else ''}: "
            f"taskmanager operations failures {shown['id']}"
        )


def _until_ended(session: Session, operation: str) -> Mapping[str, Any]:
    told, missing = "", 0
    while True:
        try:
            found: dict[str, Any] = session.client.send("GET", f"/operations/{segment(operation)}").data
        except RefusedError:
            missing += 1
            if missing > STORED_LOOKS:
                raise
        else:
            handled = found["done"] + found["unchanged"] + found["refused"]
            line = f"{found['state']}: {handled} of {found['total']}"
            if line != told:
                session.note(line)
            told = line
            if found["state"] in ENDED:
                return found
        time.sleep(LOOK_SECONDS)


def _preview(session: Session, preview: Mapping[str, Any]) -> None:
    if session.as_json:
        session.print_json(preview)
        return
    least = "" if preview["exact"] else "At least "
    session.note(f"{least}{preview['count']} jobs, nothing was changed; for example:")
    session.rows(JOBS, preview["examples"])


def _details(operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, operation[name]) for name in ("id", "action", "priority", "state"))
    yield "jobs", chosen(operation)
    yield "asked by", attribution(operation["asked"])
    total = "?" if operation["total"] is None else operation["total"]
    yield "done", f"{operation['done']} of {total}"
    yield "unchanged", operation["unchanged"] or None
    yield "refused", operation["refused"] or None
    yield "started", moment(operation["started"])
    yield "finished", moment(operation["finished"])
    yield "stopped by", attribution(operation["stop"])
