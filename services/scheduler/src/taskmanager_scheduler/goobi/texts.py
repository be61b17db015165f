"""The tasks and texts built from stored reports. Pure."""

from taskmanager.goobi.installations import Ending, Installation
from taskmanager.model.reports import Facts, Report, ReportKind
from taskmanager.model.states import Status
from taskmanager.plugin_api.measures import duration, volume
from taskmanager_scheduler.goobi.calls import Callback, CloseStep, ErrorStep, LogEntry, Task

TEXT_LIMIT = 4_000
WARNINGS_TOLD = 3
"""Warnings of a job that are quoted; few, since a process log is read at a glance."""


class UnwantedError(Exception):
    """The settings exclude this report; the text says by which key."""


def task_of(report: Report, installation: Installation) -> Task:
    """The task for Goobi; raises UnwantedError."""
    if report.kind is ReportKind.CALLBACK:
        return Callback(str(report.callback_url), report.callback_job_type or report.facts.plugin)
    if report.goobi is None:
        raise UnwantedError("the report names no process")
    process_id, step_id = report.goobi.process_id, report.goobi.step_id
    if report.kind is ReportKind.MESSAGE and report.message is not None:
        author = f"{report.facts.by} ({installation.author})"
        return LogEntry(process_id, step_id, report.message.type, author, report.message.text)
    key, ending = _ending(report.status, installation)
    if report.kind is ReportKind.ENTRY:
        text = filled(ending.entry or "", report)
        if not text:
            raise UnwantedError(f"{key}.entry is empty in the settings")
        return LogEntry(process_id, step_id, ending.type, installation.author, text)
    if not ending.step or step_id is None:
        raise UnwantedError(f"{key}.step is false in the settings")
    if report.kind is ReportKind.CLOSE_STEP:
        return CloseStep(process_id, step_id)
    return ErrorStep(process_id, step_id)


def _ending(status: Status, installation: Installation) -> tuple[str, Ending]:
    match status:
        case Status.DONE:
            return "on_done", installation.on_done
        case Status.ERROR:
            return "on_error", installation.on_error
        case _:
            return "on_cancelled", installation.on_cancelled


def filled(template: str, report: Report) -> str:
    """The template with every placeholder filled, stripped of surrounding whitespace and truncated."""
    facts = report.facts
    places = {
        "plugin": facts.plugin,
        "title": facts.title,
        "job": report.job,
        "files": facts.files,
        "volume": volume(facts.bytes),
        "duration": duration(facts.seconds),
        "error": facts.error,
        "warnings": warnings(facts),
        "reason": facts.reason,
        "by": facts.by or "the TaskManager",
        "process_title": (report.goobi.process_title if report.goobi else None) or "",
        "template": facts.template or "",
        "source": facts.source or "",
        "destination": facts.destination or "",
    }
    return template.format_map(places).strip()[:TEXT_LIMIT]


def warnings(facts: Facts) -> str:
    """`2 warnings: this; that`, with the number of further ones; empty if there are none."""
    if not facts.warnings:
        return ""
    told = [" ".join(text.split()) for text in facts.warning_texts[:WARNINGS_TOLD]]
    more = facts.warnings - len(told)
    if told and more:
        told.append(f"and {more} more")
    counted = f"{facts.warnings} warning{'s' if facts.warnings > 1 else ''}"
    return f"{counted}: {'; '.join(told)}" if told else counted
