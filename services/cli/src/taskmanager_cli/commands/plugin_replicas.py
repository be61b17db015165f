"""`taskmanager plugins scale` and what goes with it: the runners that orchestrators keep for a plugin."""

from collections.abc import Mapping
from typing import Any

import click

from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.errors import UsageError
from taskmanager_cli.options import NAME, as_json, pass_session, segment, with_reason
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution
from taskmanager_cli.session import Session

COUNT = click.IntRange(0, 1000)


def _wanted(one: Mapping[str, Any]) -> str:
    limits = f" ({one['min']} to {one['max']})" if one["mode"] == "auto" else ""
    return f"{one['desired']}{limits}"


def _counted(name: str) -> Column:
    return Column(name, lambda one: one["counts"][name], right=True)


def _trouble(one: Mapping[str, Any]) -> str:
    if not one["heard"]:
        return "the orchestrator does not report"
    failing = (replica["detail"] for replica in one["replicas"] if replica["condition"] == "failing")
    return one["problem"] or next(failing, "")


SETS = (
    field("place", "place", whole=True),
    field("engine", "engine"),
    field("mode", "mode"),
    Column("wanted", _wanted, right=True),
    field("most", "most", right=True),
    *(_counted(name) for name in ("running", "starting", "draining", "stopping", "failing")),
    Column("wanted by", lambda one: attribution(one["wished"])),
    Column("trouble", _trouble),
)


def _path(plugin: str, place: str = "") -> str:
    path = f"/plugins/{segment(plugin)}/replicas"
    return f"{path}/{segment(place)}" if place else path


@click.command()
@click.argument("plugin", type=PLUGIN)
@as_json
@pass_session
def replicas(session: Session, plugin: str) -> None:
    """List the runners that orchestrators keep for the plugin, by place."""
    session.show_list(_path(plugin), "replicas", SETS, {})


@click.command()
@click.argument("plugin", type=PLUGIN)
@click.argument("place", type=NAME)
@click.option("--to", type=COUNT, metavar="N", help="This many, until somebody changes it.")
@click.option("--auto", nargs=2, type=COUNT, metavar="MIN MAX", help="As many as the jobs need.")
@with_reason
@as_json
@pass_session
def scale(
    session: Session, plugin: str, place: str, to: int | None, auto: tuple[int, int] | None, reason: str
) -> None:
    """Set how many runners there are at a place. No job is interrupted: idle runners go first."""
    if (to is None) == (auto is None):
        raise UsageError("give either --to N or --auto MIN MAX")
    numbers: dict[str, Any] = {"mode": "manual", "desired": to}
    if auto is not None:
        numbers = {"mode": "auto", "min": auto[0], "max": auto[1]}
    body = {**numbers, "reason": reason}
    session.command("PUT", _path(plugin, place), body, subject=f"scale {plugin} at {place}")


@click.command()
@click.argument("plugin", type=PLUGIN)
@click.argument("place", type=NAME)
@with_reason
@as_json
@pass_session
def renew(session: Session, plugin: str, place: str, reason: str) -> None:
    """Replace the runners at a place by new ones, one after the other, without interrupting a job."""
    path = f"{_path(plugin, place)}/restart"
    session.command("POST", path, {"reason": reason}, subject=f"renew {plugin} at {place}")


@click.command("forget-place")
@click.argument("plugin", type=PLUGIN)
@click.argument("place", type=NAME)
@with_reason
@as_json
@pass_session
def forget_place(session: Session, plugin: str, place: str, reason: str) -> None:
    """Remove a place whose orchestrator is gone for good from the list."""
    session.command("DELETE", _path(plugin, place), {"reason": reason}, subject=f"forget {plugin} at {place}")


VERBS = (replicas, scale, renew, forget_place)
