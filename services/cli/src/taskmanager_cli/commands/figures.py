"""`taskmanager figures`: what all plugins got done, waited for and failed at."""

from collections.abc import Mapping
from typing import Any

import click

from taskmanager_cli.options import as_json, pass_session
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import duration, size
from taskmanager_cli.session import Session

PERIODS = {"24h": 24, "7d": 7 * 24, "30d": 30 * 24}


def _of_total(name: str, title: str) -> Column:
    return Column(title, lambda plugin: plugin["total"][name], right=True)


def _time(title: str, name: str) -> Column:
    return Column(title, lambda plugin: duration(plugin["total"][name]), right=True)


def _kinds(plugin: Mapping[str, Any]) -> str:
    """The kinds of failures, the most frequent first."""
    kinds = sorted(plugin["total"]["errors"].items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{kind} {count}" for kind, count in kinds)


COLUMNS = (
    field("plugin", "plugin", whole=True),
    _of_total("done", "done"),
    _of_total("failed", "failed"),
    _of_total("cancelled", "cancelled"),
    _of_total("files", "files"),
    Column("size", lambda plugin: size(plugin["total"]["bytes"]), right=True),
    _time("waits", "median_waiting_seconds"),
    _time("95 %", "p95_waiting_seconds"),
    _time("runs", "median_seconds"),
    _time("95 %", "p95_seconds"),
    Column("failures", _kinds),
)


@click.command()
@click.option(
    "--period", type=click.Choice(list(PERIODS)), default="24h", show_default=True, help="How far back."
)
@as_json
@pass_session
def figures(session: Session, period: str) -> None:
    """Show for each plugin what ended, its size, waiting and running times, and kinds of failures.

    The times are the median and what 95 % of the jobs did not exceed, estimated within a power of two.
    """
    found = session.client.send("GET", "/figures", query={"hours": PERIODS[period]}).data
    if session.as_json:
        session.print_json(found)
    else:
        session.rows(COLUMNS, found["plugins"])
