"""Figures, landing and export over HTTP, and what is kept for all pages."""

import csv
import io
from datetime import timedelta

import pytest

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.hourly_figures import HourlyFigures, hour_of
from taskmanager.model.jobs import JobError
from taskmanager.model.queries import JobPage, JobQuery
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.csv_lines import BYTE_ORDER_MARK
from taskmanager_gateway.jobs.csv_export import EXPORTED, rows

from .conftest import MOMENT, Gateway, job

NAMES = [column.name for column in EXPORTED]


async def test_figures_show_each_hour_and_their_total(gateway: Gateway) -> None:
    hour = hour_of(gateway.services.clock.now())
    before = hour - timedelta(hours=2)
    gateway.reader.figures = [
        HourlyFigures(plugin="jp2", hour=hour, done=2, longest_seconds=1, durations={10: 2}),
        HourlyFigures(plugin="jp2", hour=before, failed=1),
        HourlyFigures(plugin="noop", hour=hour, done=9),
    ]

    shown = (await gateway.client.get("/api/v1/plugins/jp2/figures?hours=3")).json()
    refused = await gateway.client.get("/api/v1/plugins/jp2/figures?hours=961")

    assert [(one["done"], one["failed"]) for one in shown["hours"]] == [(0, 1), (0, 0), (2, 0)]
    assert (shown["total"]["done"], shown["total"]["failed"], shown["total"]["median_seconds"]) == (
        2,
        1,
        0.768,
    )
    assert refused.status_code == 422


async def test_a_landing_says_how_many_would_start_before(gateway: Gateway) -> None:
    waits = [job(n, priority=n, queued_at=MOMENT) for n in range(1, 9)]
    for one in [
        *waits,
        job(20, status=Status.DONE, finished=MOMENT),
        job(21, status=Status.PAUSED, priority=1),
    ]:
        gateway.reader.put(one)

    async def ahead(number: int, priority: int) -> int | None:
        answer = await gateway.client.get(f"/api/v1/jobs/{job(number).id}/landing?priority={priority}")
        assert answer.status_code == 200, answer.text
        found: int | None = answer.json()["ahead"]
        return found

    assert [await ahead(1, 1), await ahead(1, 7), await ahead(1, 10), await ahead(8, 0)] == [7, 2, 0, 7]
    assert await ahead(20, 5) is None
    assert await ahead(21, 7) == 2
    assert await ahead(8, 7) == 1
    wrong = await gateway.client.get(f"/api/v1/jobs/{job(1).id}/landing?priority=11")
    assert wrong.status_code == 422


async def test_lists_take_the_filters_of_operations(gateway: Gateway) -> None:
    now = gateway.services.clock.now()
    for number in range(4):
        gateway.reader.put(job(number, priority=number, created=now - timedelta(hours=number)))

    async def found(query: str) -> list[int]:
        answer = await gateway.client.get(f"/api/v1/jobs?{query}")
        assert answer.status_code == 200, answer.text
        return [int(one["id"][-12:]) for one in answer.json()["jobs"]]

    assert await found("priority_min=1&priority_max=2") == [1, 2]
    assert await found("older_than_seconds=5400") == [2, 3]
    assert await found("newer_than_seconds=5400&plugin=noop") == [0, 1]
    assert await found(f"ids={job(1).id}&ids={job(3).id}") == [1, 3]
    assert (await gateway.client.get("/api/v1/jobs?priority_min=11")).status_code == 422


async def test_an_export_is_csv_that_a_spreadsheet_reads_and_does_not_work_out(gateway: Gateway) -> None:
    title = '=HYPERLINK("x")\r\n"ü"'
    error = JobError(message="-1", kind="k")
    gateway.reader.put(job(1, title=title, status=Status.ERROR, finished=MOMENT, error=error))
    for number in range(2, 230):
        gateway.reader.put(job(number, title="@a", status=Status.DONE, finished=MOMENT))

    answer = await gateway.client.get("/api/v1/jobs.csv?plugin=noop&tab=error")
    everything = await gateway.client.get("/api/v1/jobs.csv?tab=done&limit=1")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="jobs-noop-error-')
    assert answer.text.startswith(BYTE_ORDER_MARK)
    header, line = csv.reader(io.StringIO(answer.text[1:], newline=""))
    cells = dict(zip(header, line, strict=True))
    assert (header, cells["title"], cells["error"]) == (NAMES, f"'{title}", "'-1")
    assert cells["finished"] == "2026-11-23T12:00:00+00:00"
    assert len(everything.text.splitlines()) == 229


async def test_an_export_that_was_cut_says_so_and_one_that_was_not_does_not() -> None:
    jobs = tuple(job(number) for number in range(4))
    whole, begun = JobPage(jobs=jobs), JobPage(jobs=jobs[:2], next_cursor="c")

    async def read(query: JobQuery) -> JobPage:
        assert query.cursor == "c"
        return JobPage(jobs=jobs[2:])

    async def lines(first: JobPage, limit: int) -> list[str]:
        found = [part async for part in rows(first, JobQuery(tab=Tab.QUEUE), read, limit)]
        return b"".join(found).decode().splitlines()

    assert [len(await lines(first, 4)) for first in (whole, begun)] == [5, 5]
    for first in (whole, begun):
        cut = await lines(first, 3)
        assert (len(cut), cut[-1]) == (5, '"cut: more than 3 jobs match, narrow the filters"')
    assert len(await lines(begun, 2)) == 4


async def test_an_export_breaks_off_if_the_database_goes_away() -> None:
    async def read(_: JobQuery) -> JobPage:
        message = "away"
        raise StoreUnavailableError(message)

    stream = rows(JobPage(jobs=(job(1),), next_cursor="c"), JobQuery(), read)
    with pytest.raises(StoreUnavailableError):
        [part async for part in stream]
