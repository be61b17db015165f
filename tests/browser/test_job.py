"""One job in the browser: its details and pop-ups, by mouse and by keyboard, in both languages."""

import json

import pytest
from playwright.async_api import Page, expect
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.watching import Watch
from tests.e2e.system import System
from tests.sample_data.looking import Looking

from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.registry import StoredFile
from taskmanager.mongo import MongoStore
from taskmanager.ports.store import Needs, Plan
from taskmanager_gateway.web.jobs.job_details import SHOWN_CHARACTERS
from taskmanager_gateway.web.jobs.job_files import ROWS

GERMAN = Visitor("de-DE")


def dialog(page: Page, address: str) -> str:
    """The button on the page of a job that opens this pop-up."""
    return f"#job-now [hx-get$='/{address}']"


@pytest.mark.parametrize(
    ("visitor", "heading", "waits"),
    [(Visitor("en-GB"), "History", "Why it waits:"), (GERMAN, "Verlauf", "Warum er wartet:")],
    ids=str,
)
async def test_the_details_speak_the_reader_s_language(
    sample_data: Looking, page: Page, heading: str, waits: str
) -> None:
    await page.goto(f"/jobs/{sample_data.data.jobs['started']}")
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    await expect(page.get_by_text(waits)).to_be_visible()


async def test_a_script_in_the_title_is_only_text(sample_data: Looking, page: Page) -> None:
    await page.goto(f"/jobs/{sample_data.data.jobs['script_title']}")
    await expect(page.locator("h1")).to_contain_text("<script>")
    await page.locator(dialog(page, "hold")).click()
    await expect(page.locator("#dialog")).to_contain_text("<script>")
    assert await page.title() != "owned"


async def test_a_huge_error_stays_usable_and_is_copied_whole(sample_data: Looking, page: Page) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"/jobs/{sample_data.data.jobs['huge_error']}")
    shown = page.locator(".tm-job-text").first
    assert len(await shown.inner_text()) <= SHOWN_CHARACTERS + 1
    await page.locator("[data-copy]").click()
    await expect(page.locator("[data-copy]")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText().then(text => text.length)") > 9_000_000


async def test_a_priority_is_chosen_by_keyboard_and_shows_where_the_job_would_land(
    sample_data: Looking, page: Page
) -> None:
    await page.goto(f"/jobs/{sample_data.data.jobs['started']}")
    button = page.locator(dialog(page, "priority"))
    await button.focus()
    await page.keyboard.press("Enter")
    field = page.locator("#priority")
    await expect(field).to_be_focused()
    await field.fill("1")
    low = page.locator("#landing")
    await expect(low).to_contain_text("at position")
    before = await low.inner_text()
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("2")
    await expect(low).not_to_have_text(before)
    await page.locator("[data-step='1']").click()
    await expect(field).to_have_value("3")
    await page.keyboard.press("Escape")
    await expect(page.locator("#dialog")).not_to_be_visible()
    await expect(button).to_be_focused()


async def test_a_long_log_keeps_the_page_small_and_chooses_levels(sample_data: Looking, page: Page) -> None:
    lines = [
        {"at": "2026-11-23T12:00:00Z", "level": level, "text": f"line {n}"} for n, level in _levels(100_000)
    ]
    blocks = [lines[start : start + 1000] for start in range(0, len(lines), 1000)]
    body = "".join(_event(number, block) for number, block in enumerate(blocks, start=1))
    await page.route(
        "**/log?format=stream*",
        lambda route: route.fulfill(body=body + "event: end\ndata: {}\n\n", content_type="text/event-stream"),
    )
    await page.goto(f"/jobs/{sample_data.data.jobs['done']}")
    await page.locator("[data-job-log] summary").click()
    rows = page.locator("[data-log-lines] > *")
    await expect(rows.last).to_contain_text("line 99999")
    assert await rows.count() <= 2000
    await page.locator("[data-log-level]").select_option("error")
    await expect(rows.filter(has_text="Info")).to_have_count(0)
    await expect(rows.last).to_contain_text("Error")


def _levels(count: int) -> list[tuple[int, str]]:
    return [(number, "error" if number % 500 == 499 else "info") for number in range(count)]


def _event(number: int, lines: list[dict[str, str]]) -> str:
    block = {"job": "x", "attempt": 1, "seq": number, "lines": lines}
    return f"event: log\nid: 1.{number}\ndata: {json.dumps(block)}\n\n"


async def test_two_operators_on_one_job_and_the_second_hears_why_not(
    system: System, new_page: NewPage, watches: list[Watch]
) -> None:
    job = system.submit({"plugin": "sleep", "title": "Atlas", "parameters": {"seconds": 0}}, "one")
    system.all_done([job])
    held = system.submit({"plugin": "sleep", "title": "Karte", "parameters": {"seconds": 60}}, "two")
    first, second = await new_page(), await new_page(GERMAN)
    for page in (first, second):
        await page.goto(f"/jobs/{held}")
        await page.locator(dialog(page, "cancel")).click()
        await expect(page.locator("#dialog")).to_be_visible()
    await first.locator("#dialog #reason").fill("wrong scan")
    await first.locator("#dialog button[type=submit]").dblclick()
    await expect(first.locator("#job-state .tm-status")).to_have_text("cancelled")
    await expect(first.locator("#job-state")).to_contain_text("wrong scan")
    await expect(second.locator("#job-state .tm-status")).to_have_text("abgebrochen")
    await second.locator("#dialog button[type=submit]").click()
    await expect(second.locator("#toasts")).to_contain_text("Es war bereits so")


async def test_files_come_as_they_are_told_of_and_further_ones_on_request(
    sample_data: Looking, page: Page
) -> None:
    many, at_work = (sample_data.data.jobs[name] for name in ("warned", "processing"))
    await page.goto(f"/jobs/{many}")
    rows = page.locator("[data-file]")
    await expect(rows).to_have_count(ROWS)
    await page.get_by_role("button", name="More files").click()
    await expect(rows).to_have_count(2 * ROWS)

    await page.goto(f"/jobs/{at_work}")
    before = await rows.count()
    await tell_of_file(sample_data, at_work, before + 1)
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('tm-job'))")
    await expect(rows).to_have_count(before + 1)
    await expect(rows.last).to_contain_text("new.tif")


async def tell_of_file(sample_data: Looking, job: str, number: int) -> None:
    """As the scheduler stores it while a page is open."""
    file = FileRecord(name="new.tif", state=FileState.DONE)
    one = StoredFile(job=job, attempt=1, number=number, at=sample_data.data.now, file=file)
    store = MongoStore(sample_data.mongodb_url)
    await store.apply(Needs(), lambda _: Plan(files=[one]))
    await store.close()
