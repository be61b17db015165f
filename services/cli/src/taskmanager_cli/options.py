"""Options and arguments that several commands have, and the group that loads commands when they are used."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import click

from taskmanager_cli.errors import ExitCode
from taskmanager_cli.session import Session

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
PRIORITY = click.IntRange(0, 10)
pass_session = click.make_pass_decorator(Session)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for: most calls need only one of them."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], **kwargs: Any) -> None:
        """`lazy`: `module:attribute` below `taskmanager_cli.commands` for each name."""
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that has gone gets an exit code of its own, which click has not."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise click.exceptions.Exit(ExitCode.BROKEN_PIPE) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were written down."""
        del ctx
        return [*self._lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None if there is none of that name."""
        del ctx
        place = self._lazy.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        found: click.Command = getattr(
            importlib.import_module(f"taskmanager_cli.commands.{module}"), attribute
        )
        return found


class OrderedGroup(click.Group):
    """A group that lists its commands in the order in which they were defined."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they were defined."""
        del ctx
        return [*self.commands]


class Name(click.ParamType[str]):
    """An id or a name that becomes a part of a path."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; fails if it is empty or a step to another folder."""
        text = str(value)
        if not text.strip() or text in {".", ".."}:
            self.fail(f"{text!r} is not a name.", param, ctx)
        return text


NAME = Name()


class Moment(click.ParamType[str]):
    """A time, to be sent to the API with its offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """ISO 8601; a time without an offset is one of this machine."""
        from datetime import datetime  # noqa: PLC0415 - most calls need no time

        try:
            return datetime.fromisoformat(str(value)).astimezone().isoformat()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time; write it like 2027-01-31T08:00.", param, ctx)


class Span(click.ParamType[int]):
    """A length of time in seconds, or with a unit."""

    name = "duration"
    _UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds from `90`, `90s`, `15m`, `12h` or `7d`."""
        text = str(value)
        number, unit = (text[:-1], text[-1]) if text[-1:] in self._UNITS else (text, "s")
        if not (number.isascii() and number.isdecimal()):
            self.fail(f"{text!r} is not a duration; write it like 90s, 15m, 12h or 7d.", param, ctx)
        return int(number) * self._UNITS[unit]


def segment(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def as_json(function: Decorated) -> Decorated:
    """Add --json, which the session then knows."""

    def chosen(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
        session = ctx.find_object(Session)
        if value and session is not None:
            session.as_json = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=chosen,
        help="Print what the API answers, as JSON.",
    )(function)


def with_yes(function: Decorated) -> Decorated:
    """Add --yes, which the session then knows."""

    def chosen(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
        session = ctx.find_object(Session)
        if value and session is not None:
            session.yes = True

    return click.option(
        "-y",
        "--yes",
        is_flag=True,
        expose_value=False,
        callback=chosen,
        help="Do not ask before many things change.",
    )(function)


def with_reason(function: Decorated) -> Decorated:
    """Add --reason, which is shown with what was done and kept in the audit."""
    return click.option(
        "--reason", default="", metavar="TEXT", help="Why; shown with what was done, and kept in the audit."
    )(function)


def paged(function: Decorated) -> Decorated:
    """Add the options of a list that comes in pages."""
    for option in (
        click.option("--all", "every", is_flag=True, help="Show all pages, not only the first."),
        click.option("--cursor", metavar="TEXT", help="Show the page that begins there."),
        click.option(
            "--limit",
            type=click.IntRange(1, 200),
            metavar="N",
            help="Entries in a page, at most 200; else 50.",
        ),
    ):
        function = option(function)
    return function
