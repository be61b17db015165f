"""`taskmanager profiles` and `completion`: what needs no gateway."""

import os

import click
from click.shell_completion import get_completion_class

from taskmanager_cli.errors import UsageError
from taskmanager_cli.options import pass_session
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.session import Session
from taskmanager_cli.settings.profiles import configuration_file, load

VARIABLE = "_TASKMANAGER_COMPLETE"
PROFILES = (
    field("name", "name", whole=True),
    field("default", "default"),
    field("address", "address"),
    Column("token from", lambda row: row["token"]),
    field("actor", "actor"),
)


@click.command()
@pass_session
def profiles(session: Session) -> None:
    """List the profiles of the configuration file."""
    session.note(f"Configuration file: {configuration_file(os.environ)}")
    found = load(os.environ)
    rows = [
        {
            "name": name,
            "default": name == found.default,
            "address": profile.address,
            "token": profile.token_file or " ".join(profile.token_command or ()) or "nowhere",
            "actor": profile.actor,
        }
        for name, profile in found.named.items()
    ]
    if rows:
        session.rows(PROFILES, rows)
    else:
        session.note("There are no profiles.")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    For bash: taskmanager completion bash > ~/.local/share/bash-completion/completions/taskmanager
    """
    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"There is no completion for {shell}.")
    click.echo(made(ctx.find_root().command, {}, "taskmanager", VARIABLE).source())
