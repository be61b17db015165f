"""Jobs in error in groups, their lists, and their retry."""

import re
from datetime import timedelta
from html import unescape

from tests.unit.gateway.conftest import MOMENT, Gateway, installed, job

from taskmanager.messages import StartOperation
from taskmanager.model.access import Principal, Right
from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.jobs import GoobiReference, JobError
from taskmanager.model.states import Status
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.web.errors.error_rows import error_rows

HEADERS = {"accept": "text/html", "accept-language": "en"}
HTMX = {"hx-request": "true", "accept-language": "en"}
SCRIPT = "<script>alert(1)</script>"


def fill(gateway: Gateway) -> None:
    gateway.reader.install(installed("jp2"))
    for number in range(6):
        full = number < 4
        gateway.reader.put(
            job(
                number,
                plugin="noop" if number % 2 else "jp2",
                status=Status.ERROR,
                finished=MOMENT + timedelta(minutes=number),
                title=f"Band {number}",
                goobi=GoobiReference(process_id=number // 2),
                error=JobError(message=f"disk {number} is full" if full else SCRIPT, kind="OSError"),
            )
        )


async def read(gateway: Gateway, address: str) -> str:
    answer = await gateway.client.get(address, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_errors_that_say_the_same_are_one_row_with_links_to_their_jobs(gateway: Gateway) -> None:
    fill(gateway)
    page = await read(gateway, "/errors")
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == 2
    assert "disk 3 is full" in rows[0]
    assert SCRIPT not in page
    links = re.findall(r'href="(/plugins/(\w+)\?tab=error[^"]*)"', rows[0])
    assert [name for _, name in links] == ["jp2", "noop"]
    listed = await read(gateway, unescape(links[0][0]))
    assert set(re.findall(r"Band \d", listed)) == {"Band 0", "Band 2"}
    of_one = await read(gateway, "/errors?plugin=noop")
    assert "disk 3 is full" in of_one
    assert "/plugins/jp2?tab" not in of_one


async def test_a_group_is_retried_by_an_operation_over_exactly_its_jobs(gateway: Gateway) -> None:
    fill(gateway)
    page = unescape(await read(gateway, "/errors"))
    listing = re.search(r'name="listing" value="([^"]+)"', page)
    assert listing is not None
    form = {"action": "retry", "listing": listing[1]}
    asked = await gateway.client.post("/ui/plugins/noop/bulk", data=form, headers=HTMX)
    assert "2 jobs are tried again." in asked.text
    confirmed = {**form, "counted": "2036-01-01T00:00:00+00:00", "key": "k"}
    await gateway.client.post("/ui/plugins/noop/bulk/start", data=confirmed, headers=HTMX)
    [order] = [one.order for one in gateway.scheduler.commands if isinstance(one.order, StartOperation)]
    assert (order.filter.plugin, order.filter.status) == ("noop", Status.ERROR)
    assert order.filter.error_group


async def test_messages_are_searched_by_beginnings_of_their_words(gateway: Gateway) -> None:
    fill(gateway)
    listed = await read(gateway, "/plugins/noop?tab=error&error_text=ful+disk")
    assert set(re.findall(r"Band \d", listed)) == {"Band 1", "Band 3"}
    assert "was ignored" in await read(gateway, "/plugins/noop?tab=done&error_text=disk")


async def test_without_errors_the_page_says_so(gateway: Gateway) -> None:
    assert "No job is in error." in await read(gateway, "/errors")


def test_only_what_may_be_operated_can_be_retried() -> None:
    group = ErrorGroup(
        group="f",
        error=JobError(message="m", kind="k"),
        job="1",
        jobs=1,
        first=MOMENT,
        last=MOMENT,
        plugins=("jp2", "noop"),
        processes=1,
    )
    views = [PluginView.of(installed(name), [], []) for name in ("jp2", "noop")]
    viewer = Principal("vera", frozenset({Right.READ}))
    [row] = error_rows([group], views, viewer)
    assert [(one.name, one.title, one.operates) for one in row.plugins] == [
        ("jp2", "Jp2", False),
        ("noop", "Noop", False),
    ]
