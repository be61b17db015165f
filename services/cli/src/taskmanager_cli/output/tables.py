"""Tables and details for people, on terminals of any width."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskmanager_cli.output.text import plain

NARROWEST_COLUMN = 8
"""No column is shortened further; where that is not enough, every row becomes a paragraph of its own."""
GAP = 2
"""Between two columns."""
PIPE_WIDTH = 100_000
"""The width for what is not a terminal: nothing is cut off for programs."""

STYLES: Mapping[str, str] = {
    "DONE": "green",
    "ERROR": "red",
    "CANCELLED": "yellow",
    "PROCESSING": "cyan",
    "PAUSED": "magenta",
    "running": "green",
    "working": "green",
    "stopped": "red",
    "stopping": "yellow",
    "draining": "yellow",
    "drained": "yellow",
    "gone": "red",
    "refused": "red",
    "given_up": "red",
    "delivered": "green",
    "error": "red",
    "warning": "yellow",
}
"""The colour of a state; the word itself is always there too."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, and its value in a row of the API's answer."""

    title: str
    value: Callable[[Mapping[str, Any]], Any]
    right: bool = False
    whole: bool = False
    """Whether it is never shortened, because it is typed into the next command."""


def field(title: str, name: str, *, right: bool = False, whole: bool = False) -> Column:
    """A column that shows a member as it is."""
    return Column(title, lambda row: row.get(name), right, whole)


def cell(value: Any) -> Text:
    """A value as it is shown: harmless, never read as markup, coloured if it is a state."""
    text = plain(value)
    return Text(text, style=STYLES.get(text, ""))


def table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], width: int) -> Table | Text:
    """The rows as a table, or one paragraph for each where the terminal is too narrow for columns."""
    rows = list(rows)
    cells = [[cell(column.value(row)) for column in columns] for row in rows]
    widths = fitted(columns, [[one.cell_len for one in line] for line in cells], width)
    if widths is None:
        return _paragraphs(columns, rows)
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column, wide in zip(columns, widths, strict=True):
        side: Literal["left", "right"] = "right" if column.right else "left"
        made.add_column(column.title, justify=side, no_wrap=True, overflow="ellipsis", width=wide)
    for line in cells:
        made.add_row(*line)
    return made


def fitted(columns: Sequence[Column], lengths: Sequence[Sequence[int]], width: int) -> list[int] | None:
    """The width of each column so that a row of the table fits into `width`; None if that is too narrow.

    The widest column that may be shortened gives way first. `lengths` are those of the cells, row by row.
    """
    widths = [
        max([cell_len(column.title), *(line[number] for line in lengths)])
        for number, column in enumerate(columns)
    ]
    while sum(widths) + GAP * (len(columns) - 1) > width:
        may = [n for n, column in enumerate(columns) if not column.whole and widths[n] > NARROWEST_COLUMN]
        if not may:
            return None
        widths[max(may, key=widths.__getitem__)] -= 1
    return widths


def _paragraphs(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> Text:
    shown = [details([(column.title, column.value(row)) for column in columns]) for row in rows]
    return Text("\n\n").join(shown)


def details(pairs: Iterable[tuple[str, Any]]) -> Text:
    """One thing: a line for each of its members that has a value."""
    kept = [(title, cell(value)) for title, value in pairs if plain(value)]
    width = max((len(title) for title, _ in kept), default=0)
    return Text("\n").join(Text(f"{title:<{width}}  ").append_text(value) for title, value in kept)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to whoever started the command; rich would end it with exit code 1."""
        raise BrokenPipeError


def console_of() -> Console:
    """The console of stdout. It obeys NO_COLOR, TERM and COLUMNS."""
    made = _Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made
