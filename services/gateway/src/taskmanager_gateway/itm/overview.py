"""Jobs and plugins in the form Goobi's dashboard reads them (`/itm/api`). Pure.

The dashboard maps JSON onto Java classes: names and types are fixed by them, and nothing may be added.
"""

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json
from typing_extensions import TypedDict

from taskmanager.model.jobs import Job
from taskmanager.model.queries import JobQuery, Sort, SortOrder
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status, Tab

JAVA_INTEGER = 2**31 - 1

TABS = {"DONE": Tab.DONE, "ERROR": Tab.ERROR, "PROCESSING": Tab.QUEUE}
"""The dashboard's three lists are our three tabs; each job has its own status."""

_ORDERS = {
    Tab.DONE: (Sort.FINISHED, SortOrder.DESC),
    Tab.ERROR: (Sort.FINISHED, SortOrder.DESC),
    Tab.QUEUE: (Sort.TURN, SortOrder.ASC),
}


class CountRow(TypedDict):
    """A job type and how many jobs of it are in the queue tab."""

    str: str
    number: int


class PluginRow(TypedDict):
    """A plugin; `running` is `running` or `stopped`."""

    strInt: CountRow
    running: str


class JobRow(TypedDict):
    """A job. Times are milliseconds since 1970, `size` is in bytes."""

    id: int
    timestampStart: int
    timestampEnd: int
    priority: int
    status: str
    jobType: str
    goobiId: str
    errorMessage: str
    stepId: str
    title: str
    pagenumber: int
    abbyyPages: int
    size: int
    sourceDir: str
    targetDir: str
    template: str
    requestString: str


def plugin_row(plugin: InstalledPlugin, queued: int) -> PluginRow:
    """A plugin with the number of its active jobs."""
    return {
        "strInt": {"str": plugin.manifest.job_type, "number": queued},
        "running": "stopped" if plugin.paused else "running",
    }


def job_query(plugin: str | None, status: str | None, limit: int) -> JobQuery:
    """The query for a list of jobs; raises ValueError for an unknown status."""
    tab = TABS.get(status) if status else None
    if tab is not None:
        sort, order = _ORDERS[tab]
        return JobQuery(plugin=plugin, tab=tab, sort=sort, order=order, limit=limit)
    return JobQuery(plugin=plugin, status=Status(status) if status else None, limit=limit)


def job_row(job: Job, job_type: str) -> JobRow:
    """A job as a row of the list."""
    spec, goobi = job.spec, job.spec.goobi
    return {
        "id": number_of(job.id),
        "timestampStart": _milliseconds(job.created),
        "timestampEnd": _milliseconds(last_change(job)),
        "priority": job.priority,
        "status": job.status.value,
        "jobType": asked_job_type(job) or job_type,
        "goobiId": str(goobi.process_id) if goobi else _sent(job, "goobiId"),
        "errorMessage": error_message(job),
        "stepId": str(goobi.step_id) if goobi and goobi.step_id is not None else "",
        "title": (goobi.process_title if goobi else None) or spec.title,
        "pagenumber": _integer(job.progress.files_total or job.files),
        "abbyyPages": 0,
        "size": job.bytes,
        "sourceDir": spec.source or "",
        "targetDir": spec.destination or "",
        "template": spec.template or "",
        "requestString": _request(job),
    }


def number_of(job_id: str) -> int:
    """A number for Java's `int`, always the same for a job: the last 31 bits of its id, which are random.

    Two jobs of a list share a number about once in 10,000 lists of 500; nothing is looked up by it. The whole
    id is in `requestString`.
    """
    return UUID(job_id).int & JAVA_INTEGER


def last_change(job: Job) -> datetime:
    """The time of the last change of status, which ITM took for the end of a job."""
    if job.finished is not None:
        return job.finished
    return job.history[-1].at if job.history else job.queued_at


def error_message(job: Job) -> str:
    """Why the job failed or was cancelled; empty for others."""
    if job.error is not None:
        return job.error.message
    if job.status is Status.CANCELLED and job.cancel is not None:
        return f"cancelled by {job.cancel.by}: {job.cancel.reason}".rstrip(": ")
    return ""


def asked_job_type(job: Job) -> str | None:
    """The job type the caller named, if it differs from the plugin's own."""
    return _sent(job, "jobtype") or None


def _sent(job: Job, name: str) -> str:
    """A text value the caller sent that is not a field of a job; empty if there is none."""
    for kept in (job.spec.extra or {}, job.spec.parameters):
        value = kept.get(name)
        if isinstance(value, str):
            return value
    return ""


def _integer(number: int) -> int:
    return min(number, JAVA_INTEGER)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _request(job: Job) -> str:
    """The request, including the job's whole id."""
    kept: dict[str, JsonValue] = {
        "JOBID": job.id,
        "unique": job.spec.unique,
        "callbackUrl": str(job.spec.callback_url) if job.spec.callback_url else None,
        **job.spec.parameters,
        **(job.spec.extra or {}),
    }
    return to_json({name: value for name, value in kept.items() if value is not None}).decode()
