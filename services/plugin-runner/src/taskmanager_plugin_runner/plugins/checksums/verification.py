"""Runs one job that compares files with what lists of checksums, or a bag, say of them."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.job_texts import list_texts
from taskmanager.plugin_api.existing_results import listed as shortened
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.checksums import bags, hashing, manifests, report, texts
from taskmanager_plugin_runner.plugins.checksums.comparison import Digests, Fate, Finding, compare
from taskmanager_plugin_runner.plugins.checksums.hashing import Progress
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm
from taskmanager_plugin_runner.plugins.checksums.parameters import ChecksumsParameters
from taskmanager_plugin_runner.plugins.checksums.profile import Profile, Task
from taskmanager_plugin_runner.plugins.source_tree import SourceTree
from taskmanager_plugin_runner.plugins.validation.parameters import Invalid
from taskmanager_plugin_runner.plugins.validation.reports import FOLDER as REPORTS_FOLDER

LIST_BYTES_MOST: Final = 64 * 1024 * 1024
_SENTENCES: Final = {Fate.CHANGED: texts.CHANGED, Fate.MISSING: texts.MISSING, Fate.NEW: texts.NEW}


class VerifyJob:
    """One job."""

    def __init__(self, context: JobContext, profile: Profile, parameters: ChecksumsParameters) -> None:
        self._context, self._profile, self._parameters = context, profile, parameters

    def run(self) -> None:
        """Compare all files; raises JobFailedError that names those which are not as listed."""
        source = SourceTree.of(self._context)
        target = self._context.output / REPORTS_FOLDER / f"{texts.PLUGIN}-{source.name}.xml"
        self._context.existing(self._parameters.existing, [target])
        for path in source.files.values():
            self._context.wait_for(path)
        listed, there = (
            self._of_bag(source) if self._profile.task is Task.VERIFY_BAG else self._of_lists(source)
        )
        findings = self._compared(source, listed, there)
        target.parent.mkdir(parents=True)
        report.write(target, findings, self._heading(source))
        self._context.finished(target)
        self._judge(source, findings)

    def _of_bag(self, source: SourceTree) -> tuple[dict[str, dict[Algorithm, str]], list[str]]:
        """What the bag lists, and its payload; hidden files, which no job gets told of, are part of it."""
        listed = bags.entries(source.folder)
        every = [path for path in source.folder.rglob("*") if path.is_file()]
        names = sorted(str(path.relative_to(source.folder)) for path in every)
        return listed, [name for name in names if name in listed or name.startswith(f"{bags.PAYLOAD}/")]

    def _of_lists(self, source: SourceTree) -> tuple[dict[str, dict[Algorithm, str]], list[str]]:
        """What all lists say, and the files that they should name: all but the lists themselves."""
        listed, there = dict[str, dict[Algorithm, str]](), list[str]()
        for name, path in source.files.items():
            algorithm = manifests.algorithm_of(name)
            if algorithm is None:
                there.append(name)
                continue
            for found, digest in _read(path, algorithm, name).items():
                if listed.setdefault(found, {}).setdefault(algorithm, digest) != digest:
                    raise JobFailedError(texts.LISTS_DISAGREE(list=name, name=found))
        if not listed:
            raise JobFailedError(texts.NO_LIST())
        there += [name for name in source.files if name in listed and name not in there]
        return listed, there

    def _compared(
        self, source: SourceTree, listed: Mapping[str, Digests], there: Collection[str]
    ) -> list[Finding]:
        progress, done = Progress(self._context, len(listed), passes=1), 0

        def digests_of(name: str, algorithms: Collection[Algorithm]) -> Digests:
            nonlocal done
            progress.before(done, name)
            done += 1
            return self._digests(source.folder / name, algorithms)

        findings = compare(listed, there, digests_of)
        if self._profile.allow_new:
            findings = [one for one in findings if one.fate is not Fate.NEW]
        for one in findings:
            self._record(source, one)
        progress.end()
        return findings

    def _digests(self, path: Path, algorithms: Collection[Algorithm]) -> Digests:
        return hashing.digests(self._context, path, algorithms)

    def _record(self, source: SourceTree, one: Finding) -> None:
        path, reason = source.folder / one.name, _reason(one)
        fails = reason is not None and self._parameters.invalid is Invalid.ERROR
        self._context.record(
            FileRecord(
                name=one.name,
                state=FileState.FAILED if fails else FileState.DONE,
                facts={"state": one.fate.value, **{kind.value: digest for kind, digest in one.found.items()}},
                bytes=0 if one.fate is Fate.MISSING else path.stat().st_size,
                warnings=(reason,) if reason and not fails else (),
                error=reason if fails else None,
            )
        )

    def _heading(self, source: SourceTree) -> dict[str, str]:
        goobi = self._context.spec.goobi
        return {
            "source": source.name,
            "process": (goobi and goobi.process_title) or "",
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _judge(self, source: SourceTree, findings: Collection[Finding]) -> None:
        odd = [one for one in findings if one.fate is not Fate.SOUND]
        said = [_summary(odd, len(findings))] if odd else []
        if self._profile.task is Task.VERIFY_BAG and (complaint := bags.complaint(source.folder)):
            said.append(complaint)
        if not said:
            return
        sentence = list_texts.joined(list_texts.SEMICOLON, said)
        if self._parameters.invalid is Invalid.ERROR:
            raise JobFailedError(sentence)
        self._context.log.warning(sentence)


def _summary(odd: Collection[Finding], total: int) -> str:
    details = [
        sentence(names=shortened([one.name for one in odd if one.fate is fate]))
        for fate, sentence in _SENTENCES.items()
        if any(one.fate is fate for one in odd)
    ]
    joined = list_texts.joined(list_texts.SEMICOLON, details)
    return texts.NOT_AS_LISTED(number=len(odd), total=total, details=joined)


def _reason(one: Finding) -> str | None:
    match one.fate:
        case Fate.SOUND:
            return None
        case Fate.MISSING:
            return texts.FILE_MISSING()
        case Fate.NEW:
            return texts.FILE_NEW()
        case Fate.CHANGED:
            kind = next(kind for kind in one.listed if one.found.get(kind) != one.listed[kind])
            return texts.FILE_CHANGED(algorithm=kind.value, found=one.found[kind], listed=one.listed[kind])


def _read(path: Path, algorithm: Algorithm, name: str) -> dict[str, str]:
    size = path.stat().st_size
    if size > LIST_BYTES_MOST:
        raise JobFailedError(texts.LIST_TOO_LARGE(list=name, size=f"{size:,}", most=f"{LIST_BYTES_MOST:,}"))
    text = path.read_bytes().decode(manifests.ENCODING, manifests.ENCODING_ERRORS)
    base = manifests.base_of(name)
    return {str(base / one): digest for one, digest in manifests.read(text, algorithm, name).items()}
