"""The log of a job, as far as it is or as it grows."""

from collections.abc import Mapping
from typing import Any

import click
from rich.text import Text

from taskmanager_cli.completion import JOB
from taskmanager_cli.http.events import follow
from taskmanager_cli.options import as_json, pass_session, segment
from taskmanager_cli.output.tables import STYLES
from taskmanager_cli.output.text import harmless_lines, moment
from taskmanager_cli.session import Session


@click.command()
@click.argument("job", type=JOB)
@click.option("-f", "--follow", is_flag=True, help="Go on with each new line until the job has ended.")
@as_json
@pass_session
def log(session: Session, job: str, follow: bool) -> None:  # noqa: FBT001 - click's
    """Show the log of a job. With --json, one block of lines after another, each as one line."""
    path = f"/jobs/{segment(job)}/log"
    if follow:
        _follow(session, path)
        return
    query: dict[str, Any] = {"limit": 500}
    while True:
        page = session.client.send("GET", path, query=query).data
        for block in page["blocks"]:
            _print(session, block)
        if not page["more"]:
            return
        query["after"] = page["after"]


def _follow(session: Session, path: str) -> None:
    for event in follow(session.client, path, {}, session.note):
        if event.type == "log":
            _print(session, event.data)
        elif event.type == "end":
            return


def _print(session: Session, block: Mapping[str, Any]) -> None:
    if session.as_json:
        session.print_json(block, indent=None)
        return
    for line in block["lines"]:
        session.console.print(line_of(line), soft_wrap=True)


def line_of(line: Mapping[str, Any]) -> Text:
    """A line of a log for people: time, level and text."""
    level = line["level"]
    shown = Text(f"{moment(line['at'])} {level.upper():<7} ", style=STYLES.get(level, ""))
    return shown.append(harmless_lines(line["text"]))
