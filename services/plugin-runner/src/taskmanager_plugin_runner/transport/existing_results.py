"""Results of earlier jobs that lie in a destination: what a job is told about them before it begins.

Decides and writes down; what is to be removed is removed by whoever places the results.
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
    """A file that lies in a destination; None where files are only names."""

    fingerprint: Fingerprint | None = None
    identity: Identity | None = None


class Destination(Protocol):
    """Where the results of a job go, as it was before the job."""

    @property
    def where(self) -> str:
        """Its name for people."""

    @property
    def removes(self) -> bool:
        """Whether files there can be removed in one step with the coming of the results."""

    def found(self, places: Collection[str]) -> Mapping[str, Found]:
        """The files in these folders of it, named as seen from the destination."""


class SharedDestination:
    """A folder of the shared file system."""

    removes = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.where = str(folder)

    def found(self, places: Collection[str]) -> dict[str, Found]:
        """The regular files; links are left alone. Raises JobFailedError."""
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
    """All a job asks for; `results` are named as seen from the destination. Raises JobFailedError.

    `whole_folder`: it is a job over a folder; `in_place`: its sources may be replaced.
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
    """For a job over a folder: refuse it, or name and write down what none of its results replaces.

    A source of the job never leaves, wherever it lies.
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
    """For a job over one file: what belongs to other pages is none of its business."""
    if policy is Existing.REFUSE:
        there = destination.found(folders_of(results))
        if known := [name for name in results if name in there]:
            raise JobFailedError(refusal(known, destination.where))


def require_no_sources(results: Collection[str], destination: Destination, folder: AttemptFolder) -> None:
    """As placing will, but before hours of work; raises JobFailedError."""
    sources = folder.sources()
    there = destination.found(folders_of(results)) if sources else {}
    hit = [name for name in results if name in there and there[name].identity in sources]
    if hit:
        raise JobFailedError(file_texts.RESULTS_ARE_SOURCES(number=len(hit), names=listed(hit)))
