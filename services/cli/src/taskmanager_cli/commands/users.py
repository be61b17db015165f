"""`taskmanager users`: people who log in; for admins."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.completion import USER, for_plugins
from taskmanager_cli.options import NAME, OrderedGroup, as_json, pass_session, segment, with_reason
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, moment
from taskmanager_cli.session import Session

ROLES = click.Choice(["viewer", "operator", "admin"])


def plugins_of(holder: Mapping[str, Any]) -> Any:
    """The plugins that a user or a token reaches, in words."""
    return "all" if holder["plugins"] is None else holder["plugins"] or "none"


USERS = (
    field("name", "name", whole=True),
    field("role", "role"),
    Column("plugins", plugins_of),
    field("password", "password"),
    field("second factor", "second_factor"),
    Column("disabled", lambda user: attribution(user["disabled"])),
    Column("created", lambda user: attribution(user["created"])),
)
SESSIONS = (
    field("id", "id", whole=True),
    Column("since", lambda one: moment(one["begun"])),
    Column("last used", lambda one: moment(one["last_used"])),
    field("address", "address"),
    field("browser", "browser"),
    field("system", "system"),
)


@click.group(cls=OrderedGroup)
def users() -> None:
    """List, add, change and remove users."""


@users.command("list")
@as_json
@pass_session
def list_users(session: Session) -> None:
    """List all users."""
    session.show_list("/users", "users", USERS, {})


@users.command()
@click.argument("user", type=USER)
@as_json
@pass_session
def show(session: Session, user: str) -> None:
    """Show a user."""
    session.show(session.client.send("GET", f"/users/{segment(user)}").data, _details)


def _details(user: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((column.title, column.value(user)) for column in USERS)


@users.command()
@click.argument("user", type=USER)
@click.option("--role", type=ROLES, required=True, help="What the user may do.")
@for_plugins
@with_reason
@as_json
@pass_session
def add(session: Session, user: str, role: str, plugins: tuple[str, ...], reason: str) -> None:
    """Add a user; the one-time password is printed once."""
    body = {"name": user, "role": role, "plugins": list(plugins) or None, "reason": reason}
    _with_password(session, session.client.send("POST", "/users", body=body), f"add {user}")


@users.command()
@click.argument("user", type=USER)
@click.option("--role", type=ROLES, help="What the user may do from now on.")
@for_plugins
@click.option("--all-plugins", is_flag=True, help="All plugins.")
@click.option("--disable/--enable", "disabled", default=None, help="Whether the user may log in.")
@with_reason
@as_json
@pass_session
def change(session: Session, /, user: str, reason: str, **given: Any) -> None:
    """Change the role or the plugins of a user, disable or enable the user."""
    if given["plugins"] and given["all_plugins"]:
        raise click.UsageError("--plugin and --all-plugins contradict each other.")
    body: dict[str, Any] = {name: given[name] for name in ("role", "disabled") if given[name] is not None}
    if given["plugins"] or given["all_plugins"]:
        body["plugins"] = "all" if given["all_plugins"] else list(given["plugins"])
    if not body:
        raise click.UsageError(
            "Nothing to change: give --role, --plugin, --all-plugins, --disable or --enable."
        )
    session.command("PATCH", f"/users/{segment(user)}", {**body, "reason": reason}, subject=f"change {user}")


@users.command("reset-password")
@click.argument("user", type=USER)
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Take the one-time password from stdin instead of a new one."
)
@with_reason
@as_json
@pass_session
def reset_password(session: Session, user: str, from_stdin: bool, reason: str) -> None:  # noqa: FBT001 - click's
    """Set a one-time password, which is printed once; ends all log-ins of the user."""
    body: dict[str, Any] = {"reason": reason}
    if from_stdin:
        body["password"] = sys.stdin.readline().rstrip("\n")
    answer = session.client.send("PUT", f"/users/{segment(user)}/password", body=body)
    _with_password(session, answer, f"reset the password of {user}")


def _with_password(session: Session, answer: Any, subject: str) -> None:
    """Print the outcome on stderr, and the password alone on stdout."""
    if session.as_json or not answer.data["one_time_password"]:
        session.report(answer, subject)
        return
    session.note(f"{subject}: {answer.data['outcome']}. The one-time password is shown this once:")
    session.write(f"{answer.data['one_time_password']}\n")


def _command(name: str, help_text: str, method: str, path: str) -> None:
    @users.command(name, help=help_text)
    @click.argument("user", type=USER)
    @with_reason
    @as_json
    @pass_session
    def command(session: Session, user: str, reason: str) -> None:
        session.command(method, f"/users/{segment(user)}{path}", {"reason": reason}, subject=f"{name} {user}")


_command("log-out", "End all log-ins of a user.", "POST", "/log-out")
_command("remove-second-factor", "Let the password alone suffice again.", "DELETE", "/second-factor")
_command("remove", "Remove a user; the audit keeps what they did.", "DELETE", "")


@users.command()
@click.argument("user", type=USER)
@as_json
@pass_session
def sessions(session: Session, user: str) -> None:
    """List the log-ins of a user."""
    session.show_list(f"/users/{segment(user)}/sessions", "sessions", SESSIONS, {})


@users.command("end-session")
@click.argument("user", type=USER)
@click.argument("log_in", type=NAME)
@with_reason
@as_json
@pass_session
def end_session(session: Session, user: str, log_in: str, reason: str) -> None:
    """End one log-in of a user."""
    path = f"/users/{segment(user)}/sessions/{segment(log_in)}"
    session.command("DELETE", path, {"reason": reason}, subject=f"end session {log_in}")
