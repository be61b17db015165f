"""Runs one validating job: every file examined, one report each, a summary, and the proof of both."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import list_texts
from taskmanager.plugin_api.existing_results import NAMES_SHOWN
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins import workpieces
from taskmanager_plugin_runner.plugins.parallel import default_parallel, for_each_file
from taskmanager_plugin_runner.plugins.pictures import memory
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool
from taskmanager_plugin_runner.plugins.validation import reports
from taskmanager_plugin_runner.plugins.validation.parameters import Invalid, ValidationParameters
from taskmanager_plugin_runner.plugins.validation.profile import ValidationProfile
from taskmanager_plugin_runner.plugins.validation.reports import Reported, ReportReading
from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination
from taskmanager_plugin_runner.system.memory import size_words


@dataclass(frozen=True, slots=True)
class Kind:
    """How one validating plugin examines files with one profile.

    `memory_of` gives the bytes that examining a file takes at its peak, and its size in words; `examine` its
    verdict, and what its report says of the format. Both run in a child process and must be picklable.
    """

    suffixes: Sequence[str]
    reading: ReportReading
    texts: ValidationTexts
    memory_of: Callable[[Path], tuple[int, str]]
    examine: Callable[[Path], tuple[Examination, str]]


class ValidationJob:
    """One job."""

    def __init__(
        self,
        context: JobContext,
        kind: Kind,
        profile: ValidationProfile,
        parameters: ValidationParameters,
        heading: Mapping[str, str],
    ) -> None:
        """`heading` is what the summary says of plugin and profile."""
        self._context, self._kind, self._parameters = context, kind, parameters
        self._heading = heading
        self._parallel = profile.parallel
        self._time_limit = timedelta(seconds=profile.time_limit_seconds)
        self._memory_bytes = memory.allowed()
        self._reported: dict[Path, Reported] = {}
        self._unexamined: dict[Path, str] = {}

    def run(self) -> None:
        """Examine all files; raises JobFailedError that names those which are not valid, with the reasons."""
        files = workpieces.take(self._context, self._kind.suffixes)
        folder = self._context.output / reports.FOLDER / self._named()
        self._targets = workpieces.targets(files, folder, ".xml")
        self._context.existing(self._parameters.existing, list(self._targets.values()))
        folder.mkdir(parents=True)
        parallel = min(self._parallel or default_parallel(), len(files))
        with DecodingPool(parallel, self._memory_bytes, self._context.checkpoint) as self._pool:
            for_each_file(self._context, files, self._examine_file, parallel)
        self._require_sound(len(files))
        reported = [self._reported[file] for file in files]
        reports.require_reports(reported, len(files), self._kind.reading, self._kind.texts)
        self._write_summary(reported, folder)

    def _named(self) -> str:
        """The name of the source folder, as the job was submitted: the workspace may call it otherwise."""
        source = Path(self._context.spec.source or "source")
        is_file = self._context.source is not None and self._context.source.is_file()
        return (source.parent if is_file else source).name or "source"

    def _examine_file(self, file: Path) -> None:
        began = time.monotonic()
        try:
            found, status = self._examined(file)
        except JobFailedError as error:
            self._unexamined[file] = told(error)
            self._context.record(FileRecord(name=file.name, state=FileState.FAILED, error=told(error)))
            return
        target = self._targets[file]
        target.write_bytes(found.report)
        self._context.finished(target)
        self._reported[file] = Reported(file, target, found, status)
        self._context.record(self._record(file, found, target, time.monotonic() - began))

    def _examined(self, file: Path) -> tuple[Examination, str]:
        """In a child process: the memory it takes, then, within that, the examination.

        Raises JobFailedError if the file could not be examined, which is no verdict about it.
        """
        kind, most = self._kind, self._memory_bytes
        needed, size = self._pool.call(kind.memory_of, file, time_limit=self._time_limit)
        if needed > most:
            words = {"needed": size_words(needed), "most": size_words(most)}
            raise JobFailedError(kind.texts.too_large(size=size, **words))
        with self._pool.room(needed):
            return self._pool.call(kind.examine, file, time_limit=self._time_limit)

    def _record(self, file: Path, found: Examination, target: Path, seconds: float) -> FileRecord:
        fails = not found.valid and self._parameters.invalid is Invalid.ERROR
        warned = () if found.valid or fails else (found.reason,)
        return FileRecord(
            name=file.name,
            state=FileState.FAILED if fails else FileState.DONE,
            results=() if fails else (target.name,),
            facts={**found.facts, "valid": found.valid},
            bytes=file.stat().st_size,
            result_bytes=len(found.report),
            seconds=seconds,
            warnings=(*warned, *found.notes),
            error=found.reason if fails else None,
        )

    def _require_sound(self, total: int) -> None:
        """Raise JobFailedError for files that could not be examined, and for those that are not valid."""
        texts, said = self._kind.texts, list[str]()
        invalid = {file: one.examination.reason for file, one in self._reported.items()}
        invalid = {file: reason for file, reason in invalid.items() if reason}
        if self._unexamined:
            names = self._listed(self._unexamined)
            said.append(texts.unexamined(number=len(self._unexamined), total=total, files=names))
        if invalid and self._parameters.invalid is Invalid.ERROR:
            said.append(texts.invalid(number=len(invalid), total=total, files=self._listed(invalid)))
        if said:
            raise JobFailedError(list_texts.joined(list_texts.SEMICOLON, said))

    def _listed(self, reasons: Mapping[Path, str]) -> str:
        """The first files in their order, each with its reason."""
        ordered = [file for file in self._targets if file in reasons]
        shown = [
            self._kind.texts.of_file(name=file.name, reason=reasons[file]) for file in ordered[:NAMES_SHOWN]
        ]
        return list_texts.joined(
            list_texts.COMMA, [*shown, *([list_texts.CUT] if ordered[NAMES_SHOWN:] else [])]
        )

    def _write_summary(self, reported: Sequence[Reported], folder: Path) -> None:
        process = self._context.spec.goobi
        heading = {**self._heading, "process": (process and process.process_title) or ""}
        path = folder.parent / f"{folder.name}.xml"
        path.write_bytes(reports.summary(heading, reported, folder.name))
        reports.require_summary(path, len(reported), self._kind.texts)
        self._context.finished(path)
