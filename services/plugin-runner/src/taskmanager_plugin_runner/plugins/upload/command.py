"""Has a program send a consignment, and compares what it says has arrived."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.shell.placeholders import PlaceholderValue, fill
from taskmanager_plugin_runner.plugins.upload import texts
from taskmanager_plugin_runner.plugins.upload.consignment import (
    Arrived,
    Piece,
    difference,
    read_checksums,
)
from taskmanager_plugin_runner.plugins.upload.target import CommandTarget


class CommandSending:
    """One consignment by one program."""

    def __init__(self, target: CommandTarget, context: JobContext) -> None:
        self._target, self._context = target, context
        self._time_limit = timedelta(seconds=target.time_limit_seconds)

    def deliver(self, pieces: Sequence[Piece], name: str) -> None:
        """Lay everything out in a folder and run the program on it; raises JobFailedError."""
        if self._context.attempt > 1 and not self._target.repeatable:
            raise JobFailedError(texts.RAN_BEFORE(attempt=self._context.attempt))
        folder = self._context.scratch / "sent" / name
        for one in pieces:
            self._context.checkpoint()
            place = folder / one.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one.path, place)  # a copy: whatever the program does, the source stays as it is
        values = self._values(folder, name)
        self._run(self._target.argv, values)
        if not self._target.read_back:
            self._context.log.info("the target names no command to read back what has arrived")
            return
        said = self._run(self._target.read_back, values)
        sizes = {one.name: one.size for one in pieces}
        found = {key: Arrived(sizes.get(key, 0), digest) for key, digest in read_checksums(said).items()}
        if (detail := difference(pieces, found)) is not None:
            raise JobFailedError(texts.NOT_ARRIVED(where=self._target.title, detail=detail))

    def _values(self, folder: Path, name: str) -> dict[str, PlaceholderValue]:
        spec, goobi = self._context.spec, self._context.spec.goobi
        return {
            "source": PlaceholderValue(str(folder), foreign=False, path=True),
            "name": PlaceholderValue(name),
            "job_id": PlaceholderValue(self._context.job_id),
            "title": PlaceholderValue(spec.title or ""),
            "process_title": PlaceholderValue((goobi and goobi.process_title) or ""),
            "process_id": PlaceholderValue(
                str(goobi.process_id) if goobi and goobi.process_id is not None else ""
            ),
        }

    def _run(self, argv: Sequence[str], values: dict[str, PlaceholderValue]) -> str:
        words = [argv[0], *fill(argv[1:], values, magick=False)]
        return self._context.run_tool(words, time_limit=self._time_limit).stdout
