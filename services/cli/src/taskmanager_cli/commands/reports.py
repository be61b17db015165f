"""`taskmanager reports`: what Goobi is told, what it did not accept, and delivering that again."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.options import (
    NAME,
    OrderedGroup,
    as_json,
    paged,
    pass_session,
    segment,
    with_reason,
    with_yes,
)
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import duration, moment
from taskmanager_cli.session import Session

STATES = click.Choice(["pending", "delivered", "undelivered", "withdrawn"])
REPORTS = (
    field("id", "id", whole=True),
    field("kind", "kind"),
    field("state", "state"),
    field("tries", "attempts", right=True),
    Column("created", lambda report: moment(report["created"])),
    field("process", "process_id", right=True),
    field("text", "text"),
    field("last answer", "last_answer"),
)
INSTALLATIONS = (
    field("name", "name", whole=True),
    field("default", "default"),
    field("interface", "dialect"),
    Column("pending", lambda one: f"{one['pending']}{'+' if one['pending_capped'] else ''}", right=True),
    field("undelivered", "undelivered", right=True),
    Column("oldest", lambda one: duration(one["oldest_age_seconds"]), right=True),
    Column("last success", lambda one: moment(one["last_success"])),
    Column("last failure", lambda one: moment(one["last_failure"])),
    field("last answer", "last_answer"),
    field("url", "url"),
)


@click.group(cls=OrderedGroup)
def reports() -> None:
    """List reports to Goobi and deliver them again."""


@reports.command("list")
@click.option("--state", type=STATES, help="Only reports in this state; undelivered: given up.")
@click.option("--installation", metavar="NAME", help="Only reports to this installation.")
@paged
@as_json
@pass_session
def list_reports(session: Session, /, **query: Any) -> None:
    """List reports, the newest first."""
    session.show_list("/reports", "reports", REPORTS, query)


@reports.command()
@click.argument("report", type=NAME)
@as_json
@pass_session
def show(session: Session, report: str) -> None:
    """Show a report and what became of it."""
    session.show(session.client.send("GET", f"/reports/{segment(report)}").data, _details)


def _details(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, report[name]) for name in ("id", "job", "kind", "status", "state", "installation"))
    yield "Goobi process", report["process_id"]
    yield "Goobi step", report["step_id"]
    yield "callback", report["callback_url"]
    yield "type", report["type"]
    yield "text", report["text"]
    yield "by", report["by"]
    yield "created", moment(report["created"])
    yield "tries", report["attempts"]
    yield "next try", moment(report["next_try"])
    yield "last answer", report["last_answer"]
    yield "delivered", moment(report["delivered_at"])


@reports.command()
@click.argument("report", type=NAME)
@with_reason
@as_json
@pass_session
def replay(session: Session, report: str, reason: str) -> None:
    """Deliver a report again that was given up, or that waits for its next try."""
    session.command(
        "POST", f"/reports/{segment(report)}/replay", {"reason": reason}, subject=f"replay {report}"
    )


@reports.command("replay-all")
@click.argument("installation", type=NAME)
@with_reason
@with_yes
@as_json
@pass_session
def replay_all(session: Session, installation: str, reason: str) -> None:
    """Deliver all reports to an installation again that were given up, the oldest 10,000 of them."""
    session.confirm(f"replay all reports to {installation} that were given up?")
    body = {"installation": installation, "reason": reason}
    session.command("POST", "/reports/replay", body, subject=f"replay all to {installation}")


@reports.command()
@as_json
@pass_session
def installations(session: Session) -> None:
    """List the Goobi installations: what they have not been told yet, and how they last answered."""
    session.show_list("/goobi", "installations", INSTALLATIONS, {})
