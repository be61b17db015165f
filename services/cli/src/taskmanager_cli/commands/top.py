"""`taskmanager top`: plugins, runners and running jobs, looked at again and again."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from taskmanager_cli.commands.plugin_views import PLUGINS
from taskmanager_cli.errors import UnreachableError
from taskmanager_cli.options import as_json, pass_session
from taskmanager_cli.output.tables import Column, field, table
from taskmanager_cli.output.text import duration, harmless
from taskmanager_cli.session import Session

RUNNING = ("WAITINGFORUPLOAD", "UPLOAD", "PROCESSING", "DOWNLOAD")
JOBS = (
    field("id", "id", whole=True),
    field("plugin", "plugin"),
    field("status", "status"),
    Column("%", lambda job: job["progress"]["percent"], right=True),
    Column("for", lambda job: duration(job["seconds"]), right=True),
    field("runner", "runner"),
    Column("title", lambda job: job["title"] or (job["goobi"] or {}).get("process_title")),
)


@click.command()
@click.option(
    "--interval",
    type=click.IntRange(1, 3600),
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks.",
)
@click.option("--once", is_flag=True, help="Look once; without a terminal it always does.")
@click.option(
    "--jobs",
    "limit",
    type=click.IntRange(0, 200),
    default=20,
    show_default=True,
    help="Running jobs to show.",
)
@as_json
@pass_session
def top(session: Session, interval: int, once: bool, limit: int) -> None:  # noqa: FBT001 - click's
    """Show plugins, runners and running jobs live, until Ctrl-C.

    With --json, the answers of one look: plugins, runners and jobs, as in their lists.
    """
    if session.as_json:
        session.print_json(look(session, limit))
        return
    if once or not session.console.is_terminal:
        session.print(picture(look(session, limit), session.console.width, _now()))
        return
    try:
        _live(session, interval, limit)
    except KeyboardInterrupt:
        sys.stdout.write("\n")


def _live(session: Session, interval: int, limit: int) -> None:
    shown: RenderableType = picture(look(session, limit), session.console.width, _now())
    with Live(
        shown, console=session.console, screen=True, auto_refresh=False, vertical_overflow="crop"
    ) as live:
        while True:
            live.update(shown, refresh=True)
            time.sleep(interval)
            try:
                shown = picture(look(session, limit), session.console.width, _now())
            except UnreachableError as error:
                shown = Group(Text(harmless(str(error)), style="red"), Text("Trying again; Ctrl-C ends."))


def look(session: Session, limit: int) -> dict[str, Any]:
    """The answers that a picture is made of."""
    jobs: list[dict[str, Any]] = []
    for status in RUNNING if limit else ():
        query = {"status": status, "limit": limit}
        jobs += session.client.send("GET", "/jobs", query=query).data["jobs"]
    return {
        "plugins": session.client.send("GET", "/plugins").data["plugins"],
        "runners": session.client.send("GET", "/runners").data["runners"],
        "jobs": jobs[:limit],
    }


def picture(found: Mapping[str, Any], width: int, now: float) -> RenderableType:
    """What is shown for one look; `now` in seconds since 1970."""
    from datetime import datetime  # noqa: PLC0415 - only here

    runners = found["runners"]
    states = {
        state: sum(one["state"] == state for one in runners)
        for state in ("working", "draining", "drained", "gone")
    }
    said = ", ".join(f"{number} {state}" for state, number in states.items() if number) or "none"
    jobs = [
        {**job, "seconds": max(0.0, now - datetime.fromisoformat(job["started_at"]).timestamp())}
        for job in found["jobs"]
        if job["started_at"]
    ]
    parts: list[RenderableType] = [
        Text(f"{datetime.fromtimestamp(now).astimezone():%H:%M:%S}  runners: {said}"),
        Text(),
    ]
    parts.append(
        table(PLUGINS, found["plugins"], width) if found["plugins"] else Text("No plugin is installed.")
    )
    parts.append(Text())
    parts.append(table(JOBS, jobs, width) if jobs else Text("No job is running."))
    return Group(*parts)


def _now() -> float:
    return time.time()
