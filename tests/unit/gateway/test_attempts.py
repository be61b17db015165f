"""Two attempts of a job side by side, as its history tells them."""

import re
from datetime import timedelta

from tests.unit.gateway.conftest import MOMENT, Gateway, job

from taskmanager.model.jobs import HISTORY_LIMIT, HistoryEntry, Job
from taskmanager.model.states import Status
from taskmanager_gateway.web.jobs.attempts import attempts, comparison

BROWSER = {"accept": "text/html", "accept-language": "en"}
NOW = MOMENT + timedelta(minutes=10)
SCRIPT = "<script>alert(1)</script>"


def entry(at: int, status: Status, attempt: int, runner: str | None = None, note: str = "") -> HistoryEntry:
    """Seconds after the submission, and the rest as stored."""
    return HistoryEntry(
        at=MOMENT + timedelta(seconds=at), status=status, attempt=attempt, runner=runner, note=note
    )


def tried(status: Status = Status.ERROR, **fields: object) -> Job:
    history = (
        entry(0, Status.STARTED, 0),
        entry(5, Status.UPLOAD, 1, "werk-1"),
        entry(10, Status.PROCESSING, 1, "werk-1"),
        entry(40, Status.STARTED, 1, note="failed, tried again"),
        entry(60, Status.PROCESSING, 2, "werk-2"),
        entry(65, Status.PROCESSING, 2, "werk-2"),
        *([entry(160, Status.ERROR, 2, note=SCRIPT)] if status is Status.ERROR else []),
    )
    return job(1, status=status, attempt=2, history=history, title="Band", **fields)  # type: ignore[arg-type]


def test_an_attempt_is_told_without_the_waiting_after_it() -> None:
    first, second = attempts(tried(finished=NOW), NOW)
    assert (first.number, first.runners, first.became, first.lasted.seconds) == (
        1,
        ["werk-1"],
        Status.STARTED,
        35,
    )
    assert first.told.parameters["text"] == "failed, tried again"
    assert {status: lasted.seconds for status, lasted in first.phases.items()} == {
        Status.UPLOAD: 5,
        Status.PROCESSING: 30,
    }
    assert (second.became, second.lasted.seconds, second.ended) == (
        Status.ERROR,
        100,
        MOMENT + timedelta(seconds=160),
    )


def test_one_that_runs_lasts_until_now() -> None:
    *_, last = attempts(tried(Status.PROCESSING), NOW)
    assert (last.ended, last.became, last.lasted) == (None, Status.PROCESSING, timedelta(seconds=540))


def test_the_last_two_are_compared_unless_others_are_named() -> None:
    last = comparison(tried(finished=NOW), NOW, None, None)
    turned = comparison(tried(finished=NOW), NOW, 2, 1)
    unknown = comparison(tried(finished=NOW), NOW, 9, None)
    assert last is not None
    assert turned is not None
    assert (last.one.number, last.other.number, last.all) == (1, 2, [1, 2])
    assert (turned.one.number, turned.other.number) == (2, 1)
    assert unknown == last
    assert [status for status, _, __ in last.phases] == [Status.UPLOAD, Status.PROCESSING]
    assert last.phases[0][2] is None
    assert comparison(job(1, history=(entry(0, Status.STARTED, 0),)), NOW, None, None) is None
    assert comparison(job(1), NOW, None, None) is None


def test_a_beginning_that_is_gone_from_the_history_is_told() -> None:
    many = [entry(number, Status.PROCESSING, 3 + number // 10) for number in range(HISTORY_LIMIT - 1)]
    cut = attempts(job(1, status=Status.PROCESSING, history=(entry(0, Status.STARTED, 0), *many)), NOW)
    assert [one.cut for one in cut] == [True] + [False] * (len(cut) - 1)


async def test_the_page_marks_what_differs(gateway: Gateway) -> None:
    gateway.reader.put(tried(finished=NOW, parameters={"rate": 3}))
    page = (await gateway.client.get(f"/jobs/{job(1).id}/attempts?one=nonsense", headers=BROWSER)).text
    rows = re.findall(r"<tr[^>]*>.*?</tr>", page, re.DOTALL)
    differing = [re.sub(r"<[^>]+>|\s+", " ", row) for row in rows if "tm-differs" in row]
    assert ["What became of it" in differing[0], "Runner" in differing[1]] == [True, True]
    assert "&#34;rate&#34;: 3" in page
    assert SCRIPT not in page
    assert (
        f'href="/jobs/{job(1).id}/attempts"'
        in (await gateway.client.get(f"/jobs/{job(1).id}", headers=BROWSER)).text
    )


async def test_a_job_of_one_attempt_has_nothing_to_compare(gateway: Gateway) -> None:
    gateway.reader.put(job(1, attempt=1))
    address = f"/jobs/{job(1).id}"
    assert (
        "fewer than two attempts" in (await gateway.client.get(f"{address}/attempts", headers=BROWSER)).text
    )
    assert "Compare attempts" not in (await gateway.client.get(address, headers=BROWSER)).text
