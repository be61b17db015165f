"""One call of the command: its connection, and how it prints what the API answers."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

from taskmanager_cli.errors import RefusedError, UsageError
from taskmanager_cli.http.pages import pages
from taskmanager_cli.output.tables import Column, console_of, details, table
from taskmanager_cli.output.text import escaped, harmless
from taskmanager_cli.settings.connection import Options, connection_of

if TYPE_CHECKING:  # httpx costs the start a tenth of a second: it is imported when something is sent
    from taskmanager_cli.http.client import Answer, Client

PENDING = 202
Pairs = Iterable[tuple[str, Any]]


@dataclass
class Session:
    """What every command gets. Nothing is read or connected before it is needed."""

    options: Options = field(default_factory=Options)
    as_json: bool = False
    yes: bool = False

    @cached_property
    def client(self) -> "Client":
        """The gateway; raises UsageError if the settings cannot be used."""
        from taskmanager_cli.http.client import Client  # noqa: PLC0415 - see above

        return Client(connection_of(self.options, os.environ))

    @cached_property
    def console(self) -> Console:
        """What people read on stdout."""
        return console_of()

    def note(self, sentence: str) -> None:
        """Tell people something on stderr that is not part of the result."""
        print(harmless(sentence), file=sys.stderr, flush=True)  # noqa: T201 - a program

    def print(self, shown: RenderableType) -> None:
        """Print what people read."""
        self.console.print(shown)

    def print_json(self, data: Any, *, indent: int | None = 2) -> None:
        """Print JSON; harmful characters in texts are escaped."""
        self.write(f"{json_text(data, indent)}\n")

    def write(self, text: str) -> None:
        """Write text to stdout as it is."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def show(self, data: Any, shown: Callable[[Any], Pairs]) -> None:
        """Print one thing: the API's answer, or its details."""
        if self.as_json:
            self.print_json(data)
        else:
            with understood():
                made = details(shown(data))
            self.print(made)

    def rows(self, columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> None:
        """Print a table."""
        with understood():
            made = table(columns, rows, self.console.width)
        self.print(made)

    def show_list(self, path: str, name: str, columns: Sequence[Column], query: Mapping[str, Any]) -> None:
        """Print a list of the API, whose entries are the member `name`.

        With `every` in the query all of its pages, as they come; else the first, and on stderr how to get
        more.
        """
        wanted = {**query}
        every = bool(wanted.pop("every", False))
        found = pages(self.client, path, wanted, every=every)
        if self.as_json and every:
            self._json_of_all(found, name)
            return
        for page in found:
            if self.as_json:
                self.print_json(page)
            elif page[name]:
                self.rows(columns, page[name])
            else:
                self.note("There are none.")
            if page.get("next_cursor") and not every:
                cursor = page["next_cursor"]
                self.note(f"There are more: --all shows all of them, --cursor '{cursor}' the next page.")

    def _json_of_all(self, found: Iterable[Mapping[str, Any]], name: str) -> None:
        """One document like that of a single page, written while the pages come."""
        self.write(f'{{"{name}": [')
        separator = "\n"
        for page in found:
            for entry in page[name]:
                self.write(f"{separator}{json_text(entry, None)}")
                separator = ",\n"
        self.write('\n], "next_cursor": null}\n')

    def command(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        subject: str,
        headers: Mapping[str, str] | None = None,
    ) -> "Answer":
        """Send a command and print its outcome; `subject` says in words what it is about."""
        answer = self.client.send(method, path, body=body or {}, headers=headers)
        self.report(answer, subject)
        return answer

    def report(self, answer: "Answer", subject: str, *, indent: int | None = 2) -> None:
        """Print the outcome of a command."""
        if self.as_json:
            self.print_json(answer.data, indent=indent)
            return
        outcome = answer.data.get("outcome", "done")
        self.print(Text(f"{harmless(subject)}: {OUTCOMES.get(outcome, outcome)}"))
        if answer.status == PENDING and outcome == "pending":
            self.note(PENDING_NOTE)

    def confirm(self, question: str) -> None:
        """Ask before many things change; raises UsageError unless the answer is yes.

        With --yes nobody is asked. Without a terminal nobody can be asked.
        """
        if self.yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(f"{question} Without a terminal this needs --yes. Nothing was changed.")
        if not click.confirm(harmless(question), err=True):
            raise UsageError("Nothing was changed.")


OUTCOMES: Mapping[str, str] = {
    "done": "done",
    "unchanged": "unchanged, it was so already",
    "pending": "pending",
}
PENDING_NOTE = (
    "The scheduler did not answer yet. The command is stored and will be carried out: do not repeat it; "
    "`taskmanager audit` shows its outcome."
)


@contextmanager
def understood() -> Iterator[None]:
    """Around what is made of an answer: one that lacks members is that of another version, or of no gateway.

    Raises RefusedError with a way to see it all the same.
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"The answer is not understood ({error!r}): the gateway may be of another version; see --json."
        ) from error


def json_text(data: Any, indent: int | None) -> str:
    """JSON in UTF-8 for programs, that does no harm to a terminal either."""
    return escaped(json.dumps(data, ensure_ascii=False, indent=indent))
