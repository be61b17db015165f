"""`taskmanager dead-letters`: messages to the scheduler that it could not use; for admins."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.options import NAME, OrderedGroup, as_json, pass_session, segment, with_reason, with_yes
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import moment
from taskmanager_cli.session import Session

LETTERS = (
    field("id", "id", whole=True),
    field("kind", "kind"),
    field("copies", "copies", right=True),
    field("cause", "cause"),
    Column("died", lambda letter: moment(letter["died"])),
    field("sender", "user"),
    field("objection", "objection"),
    Column("about to be", lambda letter: (letter["settlement"] or {}).get("action")),
)


@click.group("dead-letters", cls=OrderedGroup)
def dead_letters() -> None:
    """Look at messages that the scheduler could not use, send them back or drop them."""


@dead_letters.command("list")
@as_json
@pass_session
def list_letters(session: Session) -> None:
    """List the oldest dead letters, at most 100."""
    session.show_list("/dead-letters", "dead_letters", LETTERS, {})


@dead_letters.command()
@click.argument("letter", type=NAME)
@as_json
@pass_session
def show(session: Session, letter: str) -> None:
    """Show a dead letter with the beginning of its text."""
    session.show(session.client.send("GET", f"/dead-letters/{segment(letter)}").data, _details)


def _details(letter: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, letter[name]) for name in ("id", "copies", "kind", "queue", "cause"))
    yield "died", moment(letter["died"])
    yield "routing key", letter["key"]
    yield "sender", letter["user"]
    yield "objection", letter["objection"]
    yield "about to be", (letter["settlement"] or {}).get("action")
    yield from ((name, letter[name]) for name in ("bytes", "sha256", "text"))


@dead_letters.command()
@click.argument("letter", type=NAME)
@with_reason
@as_json
@pass_session
def requeue(session: Session, letter: str, reason: str) -> None:
    """Give a dead letter to the scheduler again, once what was wrong is mended."""
    path = f"/dead-letters/{segment(letter)}/requeue"
    session.command("POST", path, {"reason": reason}, subject=f"requeue {letter}")


@dead_letters.command()
@click.argument("letter", type=NAME)
@with_reason
@with_yes
@as_json
@pass_session
def drop(session: Session, letter: str, reason: str) -> None:
    """Remove a dead letter for good."""
    session.confirm(f"drop the dead letter {letter} for good?")
    session.command(
        "POST", f"/dead-letters/{segment(letter)}/drop", {"reason": reason}, subject=f"drop {letter}"
    )
