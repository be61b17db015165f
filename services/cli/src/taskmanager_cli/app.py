"""The command `taskmanager`: its groups, and the options that come before them."""

from typing import Any

import click

from taskmanager_cli.options import LazyGroup
from taskmanager_cli.session import Session
from taskmanager_cli.settings.connection import Options

LAZY = {
    "jobs": "jobs.group:jobs",
    "presets": "presets:presets",
    "plugins": "plugins:plugins",
    "figures": "figures:figures",
    "runners": "runners:runners",
    "operations": "operations:operations",
    "reports": "reports:reports",
    "dead-letters": "dead_letters:dead_letters",
    "users": "users:users",
    "tokens": "tokens:tokens",
    "audit": "records:audit",
    "events": "records:events",
    "me": "records:me",
    "top": "top:top",
    "profiles": "local:profiles",
    "completion": "local:completion",
}


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - it costs the start more than everything else

        click.echo(f"taskmanager {version('taskmanager-cli')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy=LAZY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-p", "--profile", metavar="NAME", help="Profile of the configuration file (TASKMANAGER_PROFILE)."
)
@click.option("--address", metavar="URL", help="Address of a gateway (TASKMANAGER_ADDRESS).")
@click.option("--token-file", metavar="FILE", help="File with the token (TASKMANAGER_TOKEN_FILE).")
@click.option(
    "--actor", metavar="NAME", help="Person on whose behalf you act, for the audit (TASKMANAGER_ACTOR)."
)
@click.option("--ca-file", metavar="FILE", help="Certificates to trust for https (TASKMANAGER_CA_FILE).")
@click.option(
    "--timeout",
    type=float,
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
@click.pass_context
def app(ctx: click.Context, /, **given: Any) -> None:
    """Operate Goobi TaskManager over its HTTP API.

    Each group has its own help: taskmanager jobs --help. The address and the token come from options, the
    environment (TASKMANAGER_ADDRESS, TASKMANAGER_TOKEN) or a profile of the configuration file.

    Exit codes: 0 done; 1 refused by the TaskManager; 2 wrong use; 3 not reachable; 4 not allowed.
    """
    ctx.obj = Session(Options(**given))
