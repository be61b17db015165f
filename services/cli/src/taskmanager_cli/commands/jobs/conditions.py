"""The conditions on jobs that lists, exports and operations have as options."""

from collections.abc import Callable

import click

from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.options import PRIORITY, Decorated, Moment, Span

TABS = click.Choice(["queue", "done", "error"])
STATUSES = click.Choice(
    [
        "STARTED",
        "WAITINGFORUPLOAD",
        "UPLOAD",
        "PROCESSING",
        "DOWNLOAD",
        "PAUSED",
        "DONE",
        "ERROR",
        "CANCELLED",
    ]
)


def conditions(function: Decorated) -> Decorated:
    """Add the conditions that lists and operations have in common."""
    options: tuple[Callable[[Decorated], Decorated], ...] = (
        click.option("--plugin", type=PLUGIN, metavar="NAME", help="Only jobs of this plugin."),
        click.option("--tab", type=TABS, help="Only jobs in this tab."),
        click.option("--status", type=STATUSES, help="Only jobs in this status."),
        click.option("--project", metavar="TEXT", help="Only jobs of this project."),
        click.option(
            "--process", type=click.IntRange(0), metavar="ID", help="Only jobs of this Goobi process."
        ),
        click.option(
            "--text", metavar="WORDS", help="Only jobs with these beginnings of words in their titles."
        ),
        click.option("--priority-min", type=PRIORITY, help="Only jobs with at least this priority."),
        click.option("--priority-max", type=PRIORITY, help="Only jobs with at most this priority."),
        click.option(
            "--older-than", "older_than_seconds", type=Span(), help="Only jobs submitted longer ago (7d)."
        ),
        click.option(
            "--newer-than", "newer_than_seconds", type=Span(), help="Only jobs submitted since (12h)."
        ),
        click.option("--warnings", is_flag=True, help="Only jobs whose last attempt reported warnings."),
        click.option(
            "--restored", is_flag=True, help="Only jobs held since the database was restored from a backup."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def further_conditions(function: Decorated) -> Decorated:
    """Add what only lists have."""
    options: tuple[Callable[[Decorated], Decorated], ...] = (
        click.option("--created-before", type=Moment(), help="Only jobs submitted before this time."),
        click.option("--created-after", type=Moment(), help="Only jobs submitted after this time."),
        click.option("--sort", type=click.Choice(["turn", "finished", "created"]), help="Sort by this."),
        click.option("--order", type=click.Choice(["asc", "desc"]), help="In this direction."),
    )
    for option in reversed(options):
        function = option(function)
    return function
