"""Runs one job of the plugin `mets`: every document examined, a report each, a summary, proof of both."""

import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.job_texts import list_texts
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.mets import examination, texts
from taskmanager_plugin_runner.plugins.mets.examination import Findings
from taskmanager_plugin_runner.plugins.mets.profile import Profile
from taskmanager_plugin_runner.plugins.source_tree import SourceTree
from taskmanager_plugin_runner.plugins.validation import reports
from taskmanager_plugin_runner.plugins.validation.parameters import Invalid, ValidationParameters
from taskmanager_plugin_runner.plugins.validation.reports import Reported, ReportReading, printable_xml
from taskmanager_plugin_runner.plugins.validation.verdicts import Examination, shortened

READING: Final = ReportReading(name=".", name_attribute="document", status="verdict")


class MetsJob:
    """One job."""

    def __init__(
        self,
        context: JobContext,
        profile: Profile,
        parameters: ValidationParameters,
        heading: Mapping[str, str],
    ) -> None:
        """`heading` is what the summary says of plugin and profile."""
        self._context, self._parameters, self._heading = context, parameters, heading
        self._profile = profile.about(context.spec.work_title)

    def run(self) -> None:
        """Examine all documents; raises JobFailedError that names those which are not valid."""
        source = SourceTree.of(self._context)
        documents = documents_of(source, self._profile, self._context.source)
        if not documents:
            raise JobFailedError(texts.NO_DOCUMENT(wanted=", ".join(self._profile.documents)))
        folder = self._context.output / reports.FOLDER / texts.PLUGIN
        targets = {name: folder / Path(name).name for name in documents}
        self._context.existing(self._parameters.existing, list(targets.values()))
        folder.mkdir(parents=True)
        for path in source.files.values():
            self._context.wait_for(path)
        reported = [
            self._examined(source, name, target, number, len(documents))
            for number, (name, target) in enumerate(targets.items())
        ]
        self._context.progress(len(documents), len(documents))
        self._judge(reported)
        reports.require_reports(reported, len(documents), READING, texts.SHARED)
        self._write_summary(reported, folder)

    def _examined(self, source: SourceTree, name: str, target: Path, number: int, total: int) -> Reported:
        began, path = time.monotonic(), source.files[name]

        def check(file: str) -> None:
            self._context.checkpoint()
            self._context.progress(number, total, file)

        there = {file: found for file, found in source.files.items() if file != name}
        findings = examination.examine(path, name, there, self._profile, check)
        verdict = reports.INVALID if findings.faults else reports.VALID
        faults, notes = shortened(findings.faults), shortened(findings.notes)
        report = written(path.name, verdict, findings)
        found = Examination(report, 1, faults, notes, {"files": len(findings.files)})
        target.write_bytes(report)
        self._context.finished(target)
        self._context.record(self._record(path, found, target, time.monotonic() - began))
        return Reported(path, target, found, verdict)

    def _record(self, path: Path, found: Examination, target: Path, seconds: float) -> FileRecord:
        fails = not found.valid and self._parameters.invalid is Invalid.ERROR
        warned = () if found.valid or fails else (found.reason,)
        return FileRecord(
            name=path.name,
            state=FileState.FAILED if fails else FileState.DONE,
            results=() if fails else (target.name,),
            facts={**found.facts, "valid": found.valid},
            bytes=path.stat().st_size,
            result_bytes=len(found.report),
            seconds=seconds,
            warnings=(*warned, *found.notes),
            error=found.reason if fails else None,
        )

    def _judge(self, reported: list[Reported]) -> None:
        invalid = [one for one in reported if not one.examination.valid]
        if not invalid or self._parameters.invalid is Invalid.REPORT:
            return
        named = [texts.SHARED.of_file(name=one.file.name, reason=one.examination.reason) for one in invalid]
        files = list_texts.joined(list_texts.COMMA, named)
        raise JobFailedError(texts.SHARED.invalid(number=len(invalid), total=len(reported), files=files))

    def _write_summary(self, reported: list[Reported], folder: Path) -> None:
        process = self._context.spec.goobi
        heading = {**self._heading, "process": (process and process.process_title) or ""}
        path = folder.parent / f"{folder.name}.xml"
        path.write_bytes(reports.summary(heading, reported, folder.name))
        reports.require_summary(path, len(reported), texts.SHARED)
        self._context.finished(path)


def documents_of(source: SourceTree, profile: Profile, given: Path | None) -> list[str]:
    """The METS documents of a job: the source, if it is a file, else what the template calls so."""
    if given is not None and given.is_file():
        return [given.name]
    found = list[str]()
    for pattern in profile.documents:
        alternatives = (
            [name for name in source.files if fnmatchcase(name, one)] for one in pattern.split("|")
        )
        found += next((names for names in alternatives if names), [])
    return list(dict.fromkeys(name for name in found if "/" not in name))


def written(name: str, verdict: str, findings: Findings) -> bytes:
    """The report of one document."""
    root = etree.Element("mets-validation", document=printable_xml(name))
    etree.SubElement(root, "verdict").text = verdict
    for kind, sentences in (("fault", findings.faults), ("note", findings.notes)):
        for sentence in sentences:
            etree.SubElement(root, kind).text = printable_xml(str(sentence))
    for identifier, place, state in findings.files:
        known = {"id": printable_xml(identifier)} if identifier else {}
        etree.SubElement(root, "file", {**known, "place": printable_xml(place), "state": state})
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
