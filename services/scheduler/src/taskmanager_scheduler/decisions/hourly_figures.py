"""What finished jobs add to the hourly figures. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from taskmanager.model.hourly_figures import Figures, HourlyFigures, hour_of, power_of, total
from taskmanager.model.jobs import Job
from taskmanager.model.states import Status

_COUNTED = {Status.DONE: "done", Status.ERROR: "failed", Status.CANCELLED: "cancelled"}
_NONE = timedelta(0)


def figures_of(pairs: Iterable[tuple[Job | None, Job]]) -> Sequence[HourlyFigures]:
    """One sum for each plugin and hour in which jobs finished."""
    ends: dict[tuple[str, datetime], list[Figures]] = {}
    for before, after in pairs:
        if after.finished is None or not after.status.final:
            continue
        if before is None or before.finished != after.finished:
            ends.setdefault((after.plugin, hour_of(after.finished)), []).append(_figures(after))
    return [
        HourlyFigures(plugin=plugin, hour=hour, **total(one).model_dump())
        for (plugin, hour), one in ends.items()
    ]


def _figures(job: Job) -> Figures:
    counted = {_COUNTED[job.status]: 1}
    if job.status is not Status.DONE or job.finished is None or job.started_at is None:
        return Figures.model_validate(counted)
    waited = max(job.started_at - job.queued_at, _NONE)
    ran = max(job.finished - job.started_at, _NONE)
    return Figures(
        done=1,
        files=job.files,
        bytes=job.bytes,
        waiting_seconds=waited.total_seconds(),
        running_seconds=ran.total_seconds(),
        longest_seconds=ran.total_seconds(),
        durations={power_of(ran): 1},
    )
