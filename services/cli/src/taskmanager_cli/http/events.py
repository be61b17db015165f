"""Server-sent events: parsed from lines, and followed across broken connections."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskmanager_cli.errors import UnreachableError

if TYPE_CHECKING:  # httpx is imported when something is sent
    from taskmanager_cli.http.client import Client

STREAM = "text/event-stream"
TRIES = 30
"""How often a broken stream is opened again without a single event in between."""
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type, its JSON, and its position if it has one."""

    type: str
    data: Any
    id: str | None = None


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """The events in the lines of a stream; comments, and an event that was cut off, are left out."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "data" in fields or "event" in fields:
            text = "\n".join(fields.get("data", []))
            yield Event(
                fields.get("event", ["message"])[-1],
                json.loads(text) if text else None,
                fields.get("id", [None])[-1],
            )
        fields = {}


def follow(
    client: "Client",
    path: str,
    query: Mapping[str, Any],
    told: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Event]:
    """The events of a stream, which is opened again where it was cut off, whatever cut it.

    `told` gets a sentence when it breaks. Raises CommandError if it is refused at first, or if it cannot be
    opened again.
    """
    last: str | None = None
    opened, failures = False, 0
    while True:
        headers = {"Accept": STREAM} | ({"Last-Event-ID": last} if last else {})
        try:
            with client.stream(path, query=query, headers=headers) as response:
                opened = True
                for event in parse(response.iter_lines()):
                    failures, last = 0, event.id or last
                    yield event
            why = "The gateway ended the stream."
        except UnreachableError as error:
            if not opened or failures >= TRIES:
                raise
            why = str(error)
        failures += 1
        if failures > TRIES:
            raise UnreachableError(f"The stream was opened {TRIES} times without an event. {why}")
        told(f"{why} Trying again.")
        pause(PAUSE_SECONDS)
