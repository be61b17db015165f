"""`taskmanager plugins`: what is installed, and operators' commands for it."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.commands.jobs.submit import KEY
from taskmanager_cli.commands.operations import follow_operation
from taskmanager_cli.commands.plugin_replicas import VERBS
from taskmanager_cli.commands.plugin_views import HOURS, PLUGINS, plugin_details
from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.options import (
    Moment,
    OrderedGroup,
    as_json,
    pass_session,
    segment,
    with_reason,
    with_yes,
)
from taskmanager_cli.session import Session


@click.group(cls=OrderedGroup)
def plugins() -> None:
    """List, show, stop, restart, limit and scale plugins."""


@plugins.command("list")
@as_json
@pass_session
def list_plugins(session: Session) -> None:
    """List all plugins with their jobs and runners."""
    session.show_list("/plugins", "plugins", PLUGINS, {})


@plugins.command()
@click.argument("plugin", type=PLUGIN)
@as_json
@pass_session
def show(session: Session, plugin: str) -> None:
    """Show a plugin: what it accepts, its jobs by status, its runners and limits."""
    session.show(session.client.send("GET", f"/plugins/{segment(plugin)}").data, plugin_details)


@plugins.command()
@click.argument("plugin", type=PLUGIN)
@click.option("--hours", type=click.IntRange(1, 960), default=24, show_default=True, help="How far back.")
@as_json
@pass_session
def figures(session: Session, plugin: str, hours: int) -> None:
    """Show the ended jobs, files, bytes and times of each hour."""
    found = session.client.send("GET", f"/plugins/{segment(plugin)}/figures", query={"hours": hours}).data
    if session.as_json:
        session.print_json(found)
    else:
        session.rows(HOURS, [*_busy(found["hours"]), {**found["total"], "hour": None}])


def _busy(hours: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The hours in which a job ended."""
    return (hour for hour in hours if hour["done"] or hour["failed"] or hour["cancelled"])


@plugins.command()
@click.argument("plugin", type=PLUGIN)
@click.option(
    "--mode",
    type=click.Choice(["suspend", "finish"]),
    default="suspend",
    show_default=True,
    help="Whether running jobs pause or run to their end.",
)
@click.option("--until", type=Moment(), help="When it restarts by itself.")
@with_reason
@as_json
@pass_session
def stop(session: Session, plugin: str, mode: str, until: str | None, reason: str) -> None:
    """Start no job of the plugin until it is restarted. New jobs are still accepted."""
    body = {"mode": mode, "until": until, "reason": reason}
    session.command("POST", f"/plugins/{segment(plugin)}/stop", body, subject=f"stop {plugin}")


def _command(name: str, help_text: str, verb: str | None = None) -> None:
    @plugins.command(name, help=help_text)
    @click.argument("plugin", type=PLUGIN)
    @with_reason
    @as_json
    @pass_session
    def command(session: Session, plugin: str, reason: str) -> None:
        path = f"/plugins/{segment(plugin)}/{verb or name}"
        session.command("POST", path, {"reason": reason}, subject=f"{name} {plugin}")


_command("restart", "End the stop: suspended jobs continue, waiting ones start.")
_command("start", "The same as restart.", "restart")
_command("refuse", "Refuse new jobs; those accepted before continue.")
_command("accept", "Accept new jobs again.")


@plugins.command()
@click.argument("plugin", type=PLUGIN)
@click.argument("max_running", metavar="N|none")
@with_reason
@as_json
@pass_session
def limit(session: Session, plugin: str, max_running: str, reason: str) -> None:
    """Limit how many jobs run at once on all runners; none restores the plugin's own limit."""
    if max_running != "none" and not (max_running.isascii() and max_running.isdecimal()):
        raise click.BadParameter(f"{max_running!r} is neither a number nor none.")
    body = {"max_running": None if max_running == "none" else int(max_running), "reason": reason}
    session.command("PUT", f"/plugins/{segment(plugin)}/limit", body, subject=f"limit {plugin}")


@plugins.command("cancel-jobs")
@click.argument("plugin", type=PLUGIN)
@click.option("-f", "--follow", is_flag=True, help="Wait for its end and show the progress.")
@with_reason
@with_yes
@as_json
@pass_session
def cancel_jobs(session: Session, plugin: str, follow: bool, reason: str) -> None:  # noqa: FBT001 - click's
    """Cancel every job that is in the plugin's queue now, running ones too, as one operation."""
    found = session.client.send("GET", f"/plugins/{segment(plugin)}").data
    session.confirm(f"cancel all {found['tabs']['queue']['jobs']} jobs in the queue of {plugin}?")
    path = f"/plugins/{segment(plugin)}/cancel-jobs"
    headers = {KEY: str(uuid.uuid4())}
    follow_operation(
        session, session.client.send("POST", path, body={"reason": reason}, headers=headers).data, wait=follow
    )


for verb in VERBS:
    plugins.add_command(verb)
