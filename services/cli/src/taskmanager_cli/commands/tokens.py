"""`taskmanager tokens`: secrets by which programs are known; for admins."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.commands.users import plugins_of
from taskmanager_cli.completion import TOKEN, for_plugins
from taskmanager_cli.options import Moment, OrderedGroup, as_json, pass_session, segment, with_reason
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, moment
from taskmanager_cli.session import Session

RIGHTS = click.Choice(["read", "submit", "operate", "scale", "notify", "admin"])
TOKENS = (
    field("id", "id", whole=True),
    field("name", "name"),
    field("rights", "scopes"),
    Column("plugins", plugins_of),
    field("usable", "usable"),
    Column("expires", lambda token: moment(token["expires"])),
    Column("last used", lambda token: moment(token["last_used"])),
    Column("created", lambda token: attribution(token["created"])),
    Column("revoked", lambda token: attribution(token["revoked"])),
)


@click.group(cls=OrderedGroup)
def tokens() -> None:
    """List, create and revoke tokens for programs."""


@tokens.command("list")
@as_json
@pass_session
def list_tokens(session: Session) -> None:
    """List all tokens, revoked ones too, the newest first."""
    session.show_list("/tokens", "tokens", TOKENS, {})


@tokens.command()
@click.argument("token", type=TOKEN)
@as_json
@pass_session
def show(session: Session, token: str) -> None:
    """Show a token, without its secret."""
    session.show(session.client.send("GET", f"/tokens/{segment(token)}").data, _details)


def _details(token: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((column.title, column.value(token)) for column in TOKENS)


@tokens.command()
@click.argument("name")
@click.option(
    "--right", "scopes", type=RIGHTS, multiple=True, required=True, help="What it allows; may be repeated."
)
@for_plugins
@click.option("--expires", type=Moment(), help="When it ends; else it lasts until it is revoked.")
@with_reason
@as_json
@pass_session
def create(session: Session, /, name: str, plugins: tuple[str, ...], **given: Any) -> None:
    """Create a token for a program; its secret is printed once, alone on stdout."""
    body = {"name": name, **given, "scopes": list(given["scopes"]), "plugins": list(plugins) or None}
    answer = session.client.send("POST", "/tokens", body=body)
    if session.as_json or not answer.data["secret"]:
        session.report(answer, f"create {name}")
        return
    session.note(f"{name}: {answer.data['outcome']}, id {answer.data['id']}. The secret is shown this once:")
    session.write(f"{answer.data['secret']}\n")


@tokens.command()
@click.argument("token", type=TOKEN)
@with_reason
@as_json
@pass_session
def revoke(session: Session, token: str, reason: str) -> None:
    """Revoke a token, by its id: it is not valid any more from now on."""
    session.command("DELETE", f"/tokens/{segment(token)}", {"reason": reason}, subject=f"revoke {token}")
