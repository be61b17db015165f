"""`taskmanager presets`: templates and parameters of jobs, kept under names."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from taskmanager_cli.commands.jobs.submit import job_of, parameter_option, read_json, template_option
from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.http.pages import is_given
from taskmanager_cli.options import OrderedGroup, as_json, pass_session, segment, with_reason, with_yes
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution
from taskmanager_cli.session import Session

PRESETS = (
    field("name", "name", whole=True),
    Column("of", lambda preset: "all" if preset["shared"] else "you"),
    field("plugin", "plugin"),
    field("template", "template"),
    Column("parameters", lambda preset: ", ".join(preset["parameters"])),
    Column("saved", lambda preset: attribution(preset["saved"])),
)
shared_one = click.option("--shared", is_flag=True, help="A shared preset is meant, not one of yours.")


@click.group(cls=OrderedGroup)
def presets() -> None:
    """Keep templates and parameters of jobs under names, for `jobs submit --preset`."""


@presets.command("list")
@as_json
@pass_session
def list_presets(session: Session) -> None:
    """List your presets and the shared ones."""
    session.show_list("/presets", "presets", PRESETS, {})


@presets.command()
@click.argument("name")
@shared_one
@as_json
@pass_session
def show(session: Session, name: str, *, shared: bool) -> None:
    """Show a preset with its parameters; yours comes before a shared one of the same name."""
    path = f"/presets/{segment(name)}" + ("?shared=true" if shared else "")
    session.show(session.client.send("GET", path).data, _details)


def _details(preset: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, preset[name]) for name in ("name", "shared", "plugin", "template"))
    yield from preset["parameters"].items()
    yield "saved", attribution(preset["saved"])


@presets.command()
@click.argument("name")
@click.argument("plugin", type=PLUGIN)
@template_option
@parameter_option
@click.option("--parameters-file", metavar="FILE", help="All parameters from a JSON file; - is stdin.")
@click.option("--shared", is_flag=True, help="For everybody who may use the plugin.")
@click.option("--replace", is_flag=True, help="Replace a preset of that name.")
@with_reason
@as_json
@pass_session
def save(session: Session, /, name: str, plugin: str, parameters_file: str | None, **given: Any) -> None:
    """Keep a template and parameters for PLUGIN under NAME, if the plugin accepts them."""
    body = job_of(plugin, {key: value for key, value in given.items() if is_given(value)})
    if parameters_file:
        body["parameters"] = {**read_json(parameters_file), **body.get("parameters", {})}
    session.command("PUT", f"/presets/{segment(name)}", body, subject=f"save {name}")


@presets.command()
@click.argument("name")
@click.argument("new_name")
@shared_one
@with_reason
@as_json
@pass_session
def rename(session: Session, /, name: str, new_name: str, reason: str, *, shared: bool) -> None:
    """Give a preset another name."""
    body = {"name": new_name, "shared": shared, "reason": reason}
    session.command("POST", f"/presets/{segment(name)}/rename", body, subject=f"rename {name}")


@presets.command()
@click.argument("name")
@shared_one
@with_reason
@with_yes
@as_json
@pass_session
def delete(session: Session, /, name: str, reason: str, *, shared: bool) -> None:
    """Delete a preset; jobs that were submitted with it keep what they have."""
    session.confirm(f"delete the preset {name}?")
    path = f"/presets/{segment(name)}" + ("?shared=true" if shared else "")
    session.command("DELETE", path, {"reason": reason}, subject=f"delete {name}")
