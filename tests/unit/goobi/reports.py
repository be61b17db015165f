"""Reports and installations for the tests of delivery."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from taskmanager.goobi.settings import GoobiSettings, parse
from taskmanager.model.jobs import GoobiReference, Job, JobSpec
from taskmanager.model.reports import Facts, Report, ReportKind
from taskmanager.model.states import Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = Facts(plugin="jp2", title="Book", files=12, bytes=34_500_000, seconds=125.0)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


def report(number: int = 1, kind: ReportKind = ReportKind.ENTRY, **more: Any) -> Report:
    """A report about a job of the fake's process 1, step 11, unless stated otherwise."""
    job = more.pop("job", "job-1")
    fields: dict[str, Any] = {
        "id": f"{job}:{number:08d}",
        "job": job,
        "seq": number,
        "kind": kind,
        "status": Status.DONE,
        "goobi": GoobiReference(process_id=1, step_id=11, process_title="book_1"),
        "facts": FACTS,
        "created": NOW,
        "since": NOW,
        "next_try": NOW,
    }
    return Report.model_validate({**fields, **more})


def traced_job(name: str, traceparent: str | None) -> Job:
    """A job whose submission belongs to this trace."""
    return Job(
        id=name,
        spec=JobSpec(plugin="jp2"),
        client="test",
        status=Status.DONE,
        priority=5,
        created=NOW,
        queued_at=NOW,
        traceparent=traceparent,
    )


def settings(folder: Path, url: str, dialect: str, token: str, **more: Any) -> GoobiSettings:
    """One installation with a token in a file."""
    file = folder / "token"
    file.write_text(f"{token}\n")
    table = {"dialect": dialect, "url": f"{url}/goobi", "token_file": str(file), **more}
    return parse({"installations": {"main": table}}, "goobi.toml")
