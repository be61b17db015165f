"""Names that the shell completes: those on the first page of a list, as this call would see it."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import click
from click.shell_completion import CompletionItem

from taskmanager_cli.errors import CommandError
from taskmanager_cli.options import Name
from taskmanager_cli.session import understood
from taskmanager_cli.settings.connection import Options, connection_of

SECONDS = 2.0
"""Nobody waits longer for the Tab key."""


class Known(Name):
    """A name of something that the API lists."""

    def __init__(self, path: str, member: str, *keys: str, help_key: str | None = None) -> None:
        """`path` is that of the list, `member` the entries in its answer, `keys` lead to the name in one."""
        self._path, self._member, self._keys, self._help_key = path, member, keys, help_key

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so; none if they cannot be had: a half-typed line is no place for errors."""
        del param
        try:
            with understood():
                found = [(self._name(entry), self._help(entry)) for entry in self._listed(ctx)]
        except CommandError:
            return []
        return [CompletionItem(name, help=told) for name, told in found if name.startswith(incomplete)]

    def _listed(self, ctx: click.Context) -> Iterable[Mapping[str, Any]]:
        from taskmanager_cli.http.client import Client  # noqa: PLC0415 - see Session.client

        client: Client = Client(connection_of(_options(ctx), os.environ))
        entries: Iterable[Mapping[str, Any]] = client.send("GET", self._path).data[self._member]
        return entries

    def _name(self, entry: Any) -> str:
        for key in self._keys:
            entry = entry[key]
        return str(entry)

    def _help(self, entry: Mapping[str, Any]) -> str | None:
        return str(entry.get(self._help_key) or "") or None if self._help_key else None


def _options(ctx: click.Context) -> Options:
    """Those before the command, which a completion has read but not carried out."""
    given = {name: value for name, value in ctx.find_root().params.items() if value is not None}
    options = Options(**given)
    return replace(options, timeout=min(options.timeout, SECONDS))


PLUGIN = Known("/plugins", "plugins", "manifest", "name")
RUNNER = Known("/runners", "runners", "id")
USER = Known("/users", "users", "name", help_key="role")
TOKEN = Known("/tokens", "tokens", "id", help_key="name")
OPERATION = Known("/operations", "operations", "id", help_key="action")
JOB = Known("/jobs", "jobs", "id", help_key="title")

for_plugins = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=PLUGIN,
    metavar="NAME",
    help="Only this plugin; may be repeated.",
)
