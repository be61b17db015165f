"""What people are shown of jobs, their history and their files."""

from collections.abc import Iterator, Mapping
from typing import Any

from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, duration, moment, size


def remark(job: Mapping[str, Any]) -> str:
    """What a list says about a job besides its status."""
    if job["cancelling"]:
        return "is being cancelled"
    if job["error"]:
        return str(job["error"]["message"])
    if job["waiting"]:
        return str(job["waiting"]["sentence"])
    return f"{job['warnings']} warnings" if job["warnings"] else ""


JOBS = (
    field("id", "id", whole=True),
    field("plugin", "plugin"),
    field("status", "status"),
    Column("%", lambda job: job["progress"]["percent"] or "", right=True),
    field("prio", "priority", right=True),
    Column("title", lambda job: job["title"] or (job["goobi"] or {}).get("process_title")),
    Column("created", lambda job: moment(job["created"])),
    Column("remark", remark),
)
HISTORY = (
    Column("at", lambda entry: moment(entry["at"]), whole=True),
    field("status", "status"),
    field("attempt", "attempt", right=True),
    field("what", "note"),
)
FILES = (
    field("no", "number", right=True),
    field("name", "name"),
    field("state", "state"),
    field("results", "results"),
    Column("size", lambda file: size(file["bytes"]), right=True),
    Column("time", lambda file: duration(file["seconds"]), right=True),
    Column("remark", lambda file: file["error"] or file["warnings"]),
)


def job_details(job: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything about one job."""
    progress, goobi, error = job["progress"], job["goobi"] or {}, job["error"] or {}
    yield from ((name, job[name]) for name in ("id", "plugin", "template", "title", "status"))
    yield "cancelling", job["cancelling"] or None
    yield "waits", (job["waiting"] or {}).get("sentence")
    yield "progress", _progress(progress)
    yield "error", error.get("message")
    yield "kind of error", error.get("kind")
    yield "priority", job["priority"]
    yield from ((name, job[name]) for name in ("source", "destination", "parameters", "project"))
    yield "Goobi process", goobi.get("process_id")
    yield "Goobi step", goobi.get("step_id")
    yield "process title", goobi.get("process_title")
    yield "installation", goobi.get("installation")
    yield "created", moment(job["created"])
    yield "started", moment(job["started_at"])
    yield "finished", moment(job["finished"])
    yield "results", f"{job['files']} files, {size(job['bytes'])}" if job["files"] else None
    yield "attempt", job["attempt"]
    yield "runner", job["runner"]
    yield "put next", attribution(job["put_next"])
    yield "held", attribution(job["held"])
    yield "cancel", attribution(job["cancel"])
    yield "cancelled", job["cancelled"]
    yield "warnings", job["warnings"] or None
    yield from (("warning", text) for text in job["warning_texts"])
    yield "unique", job["unique"]


def _progress(progress: Mapping[str, Any]) -> str | None:
    if not progress["percent"] and not progress["files_total"]:
        return None
    current = f", {progress['current_file']}" if progress["current_file"] else ""
    return f"{progress['percent']} %, {progress['files_done']} of {progress['files_total']} files{current}"
