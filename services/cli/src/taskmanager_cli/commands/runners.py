"""`taskmanager runners`: which there are, and draining them."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.completion import RUNNER
from taskmanager_cli.options import OrderedGroup, Span, as_json, pass_session, segment, with_reason
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, moment
from taskmanager_cli.session import Session


@click.group(cls=OrderedGroup)
def runners() -> None:
    """List, show, drain, resume and forget runners."""


@runners.command("list")
@as_json
@pass_session
def list_runners(session: Session) -> None:
    """List all runners with their last heartbeat."""
    columns = (
        field("id", "id", whole=True),
        field("plugin", "plugin"),
        field("state", "state"),
        Column("slots", lambda runner: f"{runner['busy']}/{runner['slots']}", right=True),
        field("host", "host"),
        field("version", "version"),
        Column("heard from", lambda runner: moment(runner["last_heartbeat"])),
        Column("drained by", lambda runner: attribution(runner["drain"])),
    )
    session.show_list("/runners", "runners", columns, {})


@runners.command()
@click.argument("runner", type=RUNNER)
@as_json
@pass_session
def show(session: Session, runner: str) -> None:
    """Show a runner, and how far a drain has come."""
    session.show(session.client.send("GET", f"/runners/{segment(runner)}").data, _details)


def _details(runner: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, runner[name]) for name in ("id", "plugin", "state", "host", "version"))
    yield "slots", f"{runner['busy']} of {runner['slots']} busy"
    yield "started", moment(runner["started_at"])
    yield "heard from", moment(runner["last_heartbeat"])
    yield "drained by", attribution(runner["drain"])
    yield "jobs until", moment((runner["drain"] or {}).get("until"))


@runners.command()
@click.argument("runner", type=RUNNER)
@click.option(
    "--grace", type=Span(), help="When running jobs are handed back unfailed (10m); else they may end."
)
@with_reason
@as_json
@pass_session
def drain(session: Session, runner: str, grace: int | None, reason: str) -> None:
    """Let the runner take no more jobs, so that its machine can be stopped."""
    body = {"grace_seconds": grace, "reason": reason}
    session.command("POST", f"/runners/{segment(runner)}/drain", body, subject=f"drain {runner}")


@runners.command()
@click.argument("runner", type=RUNNER)
@with_reason
@as_json
@pass_session
def resume(session: Session, runner: str, reason: str) -> None:
    """End the drain: the runner takes jobs again."""
    session.command(
        "POST", f"/runners/{segment(runner)}/resume", {"reason": reason}, subject=f"resume {runner}"
    )


@runners.command()
@click.argument("runner", type=RUNNER)
@with_reason
@as_json
@pass_session
def forget(session: Session, runner: str, reason: str) -> None:
    """Remove a runner that is gone from the list."""
    session.command("DELETE", f"/runners/{segment(runner)}", {"reason": reason}, subject=f"forget {runner}")
