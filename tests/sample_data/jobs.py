"""The jobs of the sample data: every status, and everything in a job that may break a page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.sample_data.cast import JP2, LONG, OCR, PDF, SHELL, UNINSTALLED

from taskmanager.model.jobs import (
    Attribution,
    CancelMethod,
    GoobiReference,
    HistoryEntry,
    Job,
    JobError,
    JobSpec,
    Progress,
)
from taskmanager.model.states import RUNNING, Status

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
"""Text that must be shown literally and never executed."""
LONG_TITLE = "Verzeichnis der Vorlesungen und Übungen an der Königlichen Universität " * 6
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenverordnung" * 6
UMLAUTS = "Öffentliche Anzeigen für Größenwahn & Ähnliches, „Straßenverzeichnis“ 漢字 עברית"
HUGE = "0001.tif: die Datei ist beschädigt, Zeile für Zeile\n" * 200_000
"""About 10 MB."""
WORKS = ("Stadtchronik", "Kirchenbuch", "Gartenlaube", "Reisebericht", "Amtsblatt", "Adressbuch")
PROJECTS = ("Zeitungen 1850-1945", "Handschriften", "Karten & Pläne")
MANY_WAITING, MANY_DONE, MANY_FAILED = 130, 260, 60
"""More than a page of each list."""


def job_id(number: int) -> str:
    """The id of the job of that number; `Noteworthy` names those worth looking at."""
    return f"01935a00-0000-7000-8000-{number:012d}"


@dataclass
class Noteworthy:
    """Ids of the jobs that a test or a screenshot refers to by name."""

    ids: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.ids[name]


class Jobs:
    """All jobs as they would be stored now."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._numbers = count(1)
        self.noteworthy = Noteworthy()
        self.all = [
            *self._one_of_each(),
            *self._titles(),
            *self._endings(),
            *self._many(),
            *self._elsewhere(),
        ]

    def _one_of_each(self) -> Iterator[Job]:
        for status in Status:
            yield self._named(status.lower(), status)
        yield self._named("held", Status.PAUSED, held=self._note("Bitte erst die Vorlage prüfen"))
        yield self._named("put_next", Status.STARTED, put_next=self._note("Für die Ausstellung"))
        yield self._named("cancelling", Status.PROCESSING, cancel=self._note("Falscher Vorgang"))
        yield self._named(
            "backing_off", Status.STARTED, not_before=self._now + timedelta(minutes=7), failures=2
        )

    def _titles(self) -> Iterator[Job]:
        titles = {"script": SCRIPT, "long": LONG_TITLE[:500], "unbroken": UNBROKEN[:300], "umlauts": UMLAUTS}
        for name, title in titles.items():
            yield self._named(f"{name}_title", Status.STARTED, title=title)
            yield self._named(f"{name}_title_done", Status.DONE, title=title)
        yield self._named("no_title", Status.STARTED, title="", goobi=None, project=None)

    def _endings(self) -> Iterator[Job]:
        texts = ("0001.tif: kein Farbprofil, sRGB angenommen", f"0002.tif: {SCRIPT}", UNBROKEN[:300])
        yield self._named("warned", Status.DONE, warnings=1_204, warning_texts=(*texts, *texts * 3))
        yield self._named("warned_error", Status.ERROR, warnings=1, warning_texts=texts[:1])
        yield self._named("huge_error", Status.ERROR, error=JobError(message=HUGE, kind="ToolFailedError"))
        yield self._named("script_error", Status.ERROR, error=JobError(message=SCRIPT, kind="JobFailedError"))
        crash = "the process ended by SIGKILL (out of memory: 3.9 GB of 4.0 GB), file 0007.tif"
        yield self._named(
            "crashed",
            Status.ERROR,
            error=JobError(message=crash, kind="JobKilledError"),
            crashes=3,
            attempt=3,
            history=tuple(_tries(self._now - timedelta(minutes=15), 3, crash)),
        )
        by_operator = {"cancel": self._note("Doppelt"), "cancelled": CancelMethod.SIGTERM}
        yield self._named("cancelled_by", Status.CANCELLED, **by_operator)

    def _many(self) -> Iterator[Job]:
        for number in range(MANY_WAITING):
            yield self._job(Status.STARTED, age=timedelta(minutes=3 * number + 1), priority=number % 7)
        for number in range(MANY_DONE):
            warned: dict[str, Any] = {"warnings": number % 40, "warning_texts": ("kein Farbprofil",)}
            age = timedelta(minutes=5 * number + 4 * (number % 23) + 30)
            yield self._job(Status.DONE, age=age, **(warned if number % 8 == 1 else {}))
        for number in range(MANY_FAILED):
            yield self._job(Status.ERROR, age=timedelta(minutes=31 * number + 40))

    def _elsewhere(self) -> Iterator[Job]:
        for status in (Status.STARTED, Status.DONE, Status.ERROR):
            yield self._named(f"uninstalled_{status.lower()}", status, plugin=UNINSTALLED)
            yield self._job(status, plugin=LONG)
            yield self._job(status, plugin=OCR)
        for status in (Status.PAUSED, Status.STARTED, Status.DONE):
            yield self._job(status, plugin=SHELL)
        yield self._named("stopping", Status.PROCESSING, plugin=PDF, owner="pdf-1")

    def _note(self, reason: str) -> Attribution:
        return Attribution(by="anna", at=self._now - timedelta(minutes=11), reason=reason)

    def _named(self, name: str, status: Status, **fields: Any) -> Job:
        job = self._job(status, **fields)
        self.noteworthy.ids[name] = job.id
        return job

    def _job(self, status: Status, *, age: timedelta = timedelta(minutes=15), **fields: Any) -> Job:
        number = next(self._numbers)
        created = self._now - age
        spec = _spec(number, fields)
        began = status in RUNNING | {Status.PAUSED, Status.DONE, Status.ERROR}
        stored: dict[str, Any] = {
            "id": job_id(number),
            "spec": spec,
            "client": "goobi",
            "status": status,
            "priority": spec.priority,
            "created": created,
            "queued_at": created,
            "started_at": created + timedelta(seconds=20) if began else None,
            "finished": created + timedelta(minutes=2 + number % 11) if status.final else None,
            "files": 0 if status is Status.STARTED else 120 + number,
            "bytes": 0 if status is Status.STARTED else (120 + number) * 4_200_000,
            "attempt": int(began),
            "owner": "werk-1" if status in RUNNING else None,
            "lease": self._now + timedelta(days=1) if status in RUNNING else None,
            "progress": _progress(status),
            "error": _error() if status is Status.ERROR else None,
            "history": tuple(_history(created, status)),
            "rev": 1,
        }
        return Job(**{**stored, **fields})


def _spec(number: int, fields: dict[str, Any]) -> JobSpec:
    """The specification of a job; its fields are removed from `fields`."""
    folder = f"/opt/digiverso/goobi/metadata/{number}/images"
    process = f"{WORKS[number % len(WORKS)].lower()}_{number:05d}"
    given: dict[str, Any] = {
        "plugin": JP2,
        "template": "lossless",
        "source": f"{folder}/{process}_master",
        "destination": f"{folder}/{process}_media",
        "priority": number % 11,
        "title": f"{WORKS[number % len(WORKS)]} {1850 + number % 90}",
        "goobi": GoobiReference(process_id=number, step_id=number * 7, process_title=process),
        "project": PROJECTS[number % len(PROJECTS)],
        "parameters": {"quality": 90, "profile": "Größe: mittel"},
    }
    chosen = {name: fields.pop(name) for name in given if name in fields}
    return JobSpec(**{**given, **chosen})


def _progress(status: Status) -> Progress:
    if status is Status.DONE:
        return Progress(percent=100, files_done=120, files_total=120)
    if status in {Status.PROCESSING, Status.PAUSED, Status.DOWNLOAD}:
        return Progress(percent=42, files_done=51, files_total=120, current_file="00000051_Titelblatt.tif")
    return Progress()


def _error() -> JobError:
    traceback = "Traceback (most recent call last):\n" + "\n".join(
        f'  File "/opt/taskmanager/plugin.py", line {line}, in run_{line}' for line in range(25)
    )
    message = "opj_compress ended with exit code 1: 00000051_Titelblatt.tif: Farbraum wird nicht unterstützt"
    return JobError(message=message, kind="ToolFailedError", traceback=traceback)


_WAY = (Status.STARTED, Status.WAITINGFORUPLOAD, Status.UPLOAD, Status.PROCESSING, Status.DOWNLOAD)


def _history(created: datetime, status: Status) -> Iterator[HistoryEntry]:
    passed = _WAY[: _WAY.index(status)] if status in _WAY else _WAY[:4]
    for number, step in enumerate((*passed, status)):
        began = step is not Status.STARTED
        yield HistoryEntry(
            at=created + timedelta(seconds=20 * number),
            status=step,
            attempt=int(began),
            note=f"{step.lower()}: accepted" if not began else f"attempt 1 is in {step}",
            runner="werk-1" if began else None,
        )


def _tries(created: datetime, attempts: int, note: str) -> Iterator[HistoryEntry]:
    """Attempts that ended in the same way, each on another runner and each longer than the one before."""
    yield HistoryEntry(at=created, status=Status.STARTED, attempt=0, note="accepted")
    at = created
    for number in range(1, attempts + 1):
        for status in (Status.WAITINGFORUPLOAD, Status.UPLOAD, Status.PROCESSING):
            at += timedelta(seconds=10 * number)
            yield HistoryEntry(at=at, status=status, attempt=number, runner=f"werk-{1 + number % 2}")
        at += timedelta(seconds=60 * number)
        became = Status.ERROR if number == attempts else Status.STARTED
        yield HistoryEntry(at=at, status=became, attempt=number, note=note)
