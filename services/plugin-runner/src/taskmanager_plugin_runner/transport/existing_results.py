"""Results of earlier jobs in a destination: what happens to them.

Decides and records; what is to be removed is removed when the results are placed.
"""

import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.existing_results import (
    Existing,
    folders_of,
    kept_warning,
    leaving_note,
    left_over,
    listed,
    of_the_kind,
    refusal,
)
from taskmanager.plugin_api.interface import JobLog
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.files.sources import Fingerprint, Identity
from taskmanager_plugin_runner.transport.workspace import AttemptFolder


class Found(NamedTuple):
    """A file in a destination; the fields are None if only its name is known."""

    fingerprint: Fingerprint | None = None
    identity: Identity | None = None


class Destination(Protocol):
    """Where the results of a job go, in its state before the job."""

    @property
    def where(self) -> str:
        """The destination's name in messages."""

    @property
    def removes(self) -> bool:
        """Whether files can be removed from it in one step with the placing of the results."""

    def found(self, places: Collection[str]) -> Mapping[str, Found]:
        """The files in these of its folders, named relative to the destination."""


class SharedDestination:
    """A folder on the shared file system."""

    removes = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.where = str(folder)

    def found(self, places: Collection[str]) -> dict[str, Found]:
        """The regular files; links are ignored. Raises JobFailedError."""
        try:
            return {
                str(path.relative_to(self._folder)): Found(
                    Fingerprint.of(details), (details.st_dev, details.st_ino)
                )
                for place in sorted(places)
                if (self._folder / place).is_dir()
                for path in (self._folder / place).iterdir()
                if stat.S_ISREG((details := path.lstat()).st_mode)
            }
        except OSError as error:
            refuse(error, file_texts.DESTINATION_UNREADABLE, path=self._folder)


def settle_earlier(  # noqa: PLR0913 - what a job asks, where, and what kind of job it is
    policy: Existing,
    results: Collection[str],
    destination: Destination,
    folder: AttemptFolder,
    log: JobLog,
    *,
    whole_folder: bool,
    in_place: bool,
) -> None:
    """Handle the results of earlier jobs; `results` are relative to the destination. Raises JobFailedError.

    `whole_folder`: the job processes a folder; `in_place`: its sources may be replaced.
    """
    if not in_place:
        require_no_sources(results, destination, folder)
    if whole_folder:
        settle(policy, results, destination, folder, log)
    else:
        settle_single(policy, results, destination)


def settle(
    policy: Existing, results: Collection[str], destination: Destination, folder: AttemptFolder, log: JobLog
) -> None:
    """For a job over a folder: refuse it, or report or record the files that none of its results replaces.

    A source of the job is never removed, wherever it is.
    """
    there, sources = destination.found(folders_of(results)), folder.sources()
    if policy is Existing.REFUSE:
        if known := of_the_kind(there, results):
            raise JobFailedError(refusal(known, destination.where))
        return
    left = [name for name in left_over(there, results) if there[name].identity not in sources]
    if not left:
        return
    if policy is Existing.KEEP:
        log.warning(kept_warning(left, destination.where))
        return
    if not destination.removes:
        raise JobFailedError(
            file_texts.EXISTING_NOT_REMOVED(path=destination.where, number=len(left), names=listed(left))
        )
    found = {name: there[name].fingerprint for name in left}
    folder.remember_leaving({name: known for name, known in found.items() if known is not None})
    log.info(leaving_note(left))


def settle_single(policy: Existing, results: Collection[str], destination: Destination) -> None:
    """For a job over a single file: it leaves the results of other pages alone."""
    if policy is Existing.REFUSE:
        there = destination.found(folders_of(results))
        if known := [name for name in results if name in there]:
            raise JobFailedError(refusal(known, destination.where))


def require_no_sources(results: Collection[str], destination: Destination, folder: AttemptFolder) -> None:
    """Check as placing will, but before hours of work; raises JobFailedError."""
    sources = folder.sources()
    there = destination.found(folders_of(results)) if sources else {}
    hit = [name for name in results if name in there and there[name].identity in sources]
    if hit:
        raise JobFailedError(file_texts.RESULTS_ARE_SOURCES(number=len(hit), names=listed(hit)))
