"""Makes the account of one job from what its attempt left in the workspace and what was placed."""

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from taskmanager.errors import TemporaryError
from taskmanager.files.opening import open_regular
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.files.sources import Fingerprint
from taskmanager_plugin_runner.provenance.account import Account, FileAccount, Tool, ToolKind
from taskmanager_plugin_runner.provenance.digests import content_of
from taskmanager_plugin_runner.provenance.event_types import event_type
from taskmanager_plugin_runner.provenance.origins import origins
from taskmanager_plugin_runner.provenance.places import name_from
from taskmanager_plugin_runner.provenance.premis import as_premis
from taskmanager_plugin_runner.provenance.software import program
from taskmanager_plugin_runner.results.process_record import PlacedFile
from taskmanager_plugin_runner.slot_protocol import SlotOrder
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


@dataclass(frozen=True, slots=True)
class Doer:
    """Who did the job, and by which template."""

    runner: str
    plugin_version: str
    template: str | None


@dataclass(frozen=True, slots=True)
class Places:
    """Where the results are, in which process, and when they came there."""

    process: Path
    destination: Path
    at: datetime


def documents(
    doer: Doer, folder: AttemptFolder, order: SlotOrder, places: Places, placed: Sequence[PlacedFile]
) -> tuple[bytes, bytes]:
    """The account as PREMIS and as JSON; raises TemporaryError, OSError."""
    account = account_of(doer, folder, order, places, placed)
    return as_premis(account), account.as_json()


def account_of(
    doer: Doer, folder: AttemptFolder, order: SlotOrder, places: Places, placed: Sequence[PlacedFile]
) -> Account:
    """Read everything that was read and placed; raises TemporaryError, OSError."""
    spec, (results, tools) = order.spec, folder.run_notes()
    read = tuple(_read(folder, places.process))
    made_from = origins([one.name for one in read], [one.name for one in placed], results)
    return Account(
        job=order.job,
        attempt=order.attempt,
        at=places.at,
        runner=doer.runner,
        host=socket.gethostname(),
        software_version=version("taskmanager"),
        plugin=spec.plugin,
        plugin_version=doer.plugin_version,
        template=doer.template,
        parameters=spec.parameters,
        title=spec.title,
        event=event_type(spec.plugin, doer.template),
        read=read,
        written=tuple(_written(one, places, made_from.get(one.name, ())) for one in placed),
        tools=tuple(_tool(name, known) for name, known in sorted(tools.items())),
        trace=order.trace,
        goobi=spec.goobi.model_dump(mode="json", exclude_none=True) if spec.goobi else None,
    )


def _tool(name: str, known: str | None) -> Tool:
    return program(name) if known is None else Tool(ToolKind.LIBRARY, name, known)


def _read(folder: AttemptFolder, process: Path) -> Iterator[FileAccount]:
    """The files that the job was given, as they lie in the workspace; raises TemporaryError.

    Files that had not arrived when the plugin ended were not read. One that is linked is the source itself:
    if it is not what it was when the job began, nobody knows which bytes the plugin has read.
    """
    for name, path, identity, before in folder.inputs():
        try:
            file = open_regular(folder.input / name)
        except FileNotFoundError:
            continue
        with file:
            content = content_of(file)
            found = os.fstat(file.fileno())
        if (found.st_dev, found.st_ino) == identity and Fingerprint.of(found) != before:
            raise TemporaryError(file_texts.SOURCE_CHANGED(path=path))
        yield FileAccount(name_from(process, path), content)


def _written(one: PlacedFile, places: Places, made_from: tuple[str, ...]) -> FileAccount:
    """A result, read where it was placed; raises TemporaryError if that is not what the plugin made."""
    with one.open() as file:
        content = content_of(file)
        placed = os.fstat(file.fileno())
    made = one.made.lstat()
    if (made.st_dev, made.st_ino) != (placed.st_dev, placed.st_ino):
        with open_regular(one.made) as origin:
            if content_of(origin) != content:
                raise TemporaryError(file_texts.PLACED_OTHERWISE(name=one.name))
    return FileAccount(name_from(places.process, places.destination / one.name), content, made_from)
