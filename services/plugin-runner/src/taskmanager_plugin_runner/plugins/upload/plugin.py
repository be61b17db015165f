"""The plugin `upload` (job type EWIG): the files of a folder go to one of the operator's targets."""

from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.plugin_api import (
    JobContext,
    Need,
    PauseSupport,
    RetryPolicy,
)
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.profiled import ProfiledPlugin, the_only
from taskmanager_plugin_runner.plugins.upload import consignment, texts
from taskmanager_plugin_runner.plugins.upload.bags import bagged, today
from taskmanager_plugin_runner.plugins.upload.command import CommandSending
from taskmanager_plugin_runner.plugins.upload.consignment import Piece
from taskmanager_plugin_runner.plugins.upload.parameters import UploadParameters
from taskmanager_plugin_runner.plugins.upload.target import (
    CommandTarget,
    S3Target,
    SftpTarget,
    Target,
    read_target,
)
from taskmanager_plugin_runner.plugins.upload.texts import PLUGIN, TEXTS

SHIPPED: Final = Path(__file__).parent / "targets"
"""Empty: every target is an operator's own."""
RECEIPTS_FOLDER: Final = "upload"


class Sending(Protocol):
    """A way to a target."""

    def deliver(self, pieces: list[Piece], name: str) -> str | None:
        """Send everything into a folder of that name; a note if it was there already."""


class UploadPlugin(ProfiledPlugin[Target, UploadParameters]):
    """Reads its targets once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        targets = read_catalogue(PLUGIN, read_target, SHIPPED)
        super().__init__(
            targets,
            UploadParameters,
            default=the_only(targets),
            name=PLUGIN,
            title="Upload",
            titles={"de": "Hochladen"},
            job_type="EWIG",
            destination=Need.OPTIONAL,
            pause=PauseSupport.CHECKPOINT,
            outside_effects=True,
            reads_in_place=True,
            takes_files_in_order=True,
            grace_seconds=30.0,
            retry=RetryPolicy(attempts=5, first_wait_seconds=60),
            processors=1,
            texts=TEXTS.sentences,
        )

    def run(self, context: JobContext) -> None:
        """Send all files of the source; raises JobFailedError with the reason."""
        chosen, target, parameters = self.chosen_by_name(context)
        name = consignment.name_of(context, target.name, parameters.name)
        pieces = consignment.pieces_of(context)
        if target.bag:
            pieces = bagged(pieces, _bag_info(target, name), context.scratch, today(), context)
        note = _sending(target, context).deliver(pieces, name)
        if note is not None:
            context.log.warning(note)
        for one in pieces:
            context.record(FileRecord(name=one.name, state=FileState.DONE, bytes=one.size))
        context.progress(len(pieces), len(pieces))
        if context.spec.destination is not None:
            receipt = context.output / RECEIPTS_FOLDER / f"{chosen}.sha256"
            receipt.parent.mkdir(parents=True)
            receipt.write_text(consignment.checksums(pieces), encoding="utf-8")
            context.finished(receipt)

    def unnamed(self, known: str) -> str:
        """See `ProfiledPlugin`."""
        return texts.NO_TARGET(known=known)


def _bag_info(target: Target, name: str) -> dict[str, str]:
    return {
        "Bag-Software-Agent": f"goobi-taskmanager {version('taskmanager-plugin-runner')}",
        "External-Identifier": name,
        **target.bag_info,
    }


def _sending(target: Target, context: JobContext) -> Sending:
    """The way to a target; libraries are loaded only for the kind that is used."""
    match target:
        case SftpTarget():
            from taskmanager_plugin_runner.plugins.upload.sftp import SftpSending  # noqa: PLC0415

            return SftpSending(target, context)
        case S3Target():
            from taskmanager_plugin_runner.plugins.upload.s3 import S3Sending  # noqa: PLC0415

            return S3Sending(target, context)
        case CommandTarget():
            return CommandSending(target, context)
        case _:
            raise AssertionError(f"no way to {target!r}")
