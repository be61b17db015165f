"""`taskmanager audit`, `events` and `me`: what was commanded, what happens now, and who is asking."""

from typing import Any

import click

from taskmanager_cli.commands.users import plugins_of
from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.http.events import follow
from taskmanager_cli.http.pages import given
from taskmanager_cli.options import as_json, paged, pass_session
from taskmanager_cli.output.tables import Column, cell, field
from taskmanager_cli.output.text import moment, plain
from taskmanager_cli.session import Session

AUDIT = (
    Column("at", lambda entry: moment(entry["at"]), whole=True),
    field("who", "actor"),
    field("what", "action"),
    Column("about", lambda entry: entry["job"] or entry["plugin"] or entry["runner"] or entry["subject"]),
    field("outcome", "outcome"),
    Column("why", lambda entry: entry["detail"] or entry["reason"]),
)


@click.command()
@click.option("--job", metavar="ID", help="Only about this job.")
@click.option("--plugin", type=PLUGIN, metavar="NAME", help="Only about this plugin.")
@click.option("--runner", metavar="ID", help="Only about this runner.")
@click.option("--subject", metavar="NAME", help="Only about this user, or token:NAME.")
@paged
@as_json
@pass_session
def audit(session: Session, /, **query: Any) -> None:
    """List who commanded what, when and why, and what came of it, the newest first."""
    session.show_list("/audit", "entries", AUDIT, query)


@click.command()
@click.option("--plugin", type=PLUGIN, metavar="NAME", help="Only of this plugin.")
@click.option(
    "--tab", type=click.Choice(["queue", "done", "error"]), help="Only of jobs that are in this tab."
)
@as_json
@pass_session
def events(session: Session, /, **query: Any) -> None:
    """Show changes as they happen, until Ctrl-C. With --json, each as one line."""
    for event in follow(session.client, "/events", given(query), session.note):
        if session.as_json:
            session.print_json({"event": event.type, "data": event.data}, indent=None)
        else:
            session.console.print(cell(f"{event.type}: {plain(event.data)}"), soft_wrap=True)


@click.command()
@as_json
@pass_session
def me(session: Session) -> None:
    """Show as whom the gateway knows you, and what you may do."""
    session.show(
        session.client.send("GET", "/me").data,
        lambda who: [("name", who["name"]), ("rights", who["rights"]), ("plugins", plugins_of(who))],
    )
