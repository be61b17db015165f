"""Many jobs at once, the plugin as a whole, and the list by its address, in the browser."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.books import PATH, PLUGIN, asked, book, clear, live, working
from tests.e2e.system import System


@pytest.fixture(scope="module")
def stage_plugin() -> str:
    return PLUGIN


@pytest.fixture(autouse=True)
def _empty(system: System) -> Iterator[None]:
    yield
    for service in system.services:
        if not service.running:
            service.start()
            service.until_ready()
    clear(system)


async def test_chosen_jobs_are_counted_asked_about_once_and_held(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    chosen, kept = [book(system, f"Band {number}") for number in range(3)], book(system, "Chronik")
    await live(page)
    for one in chosen:
        await one.row(page).locator(".tm-choose").check()
    await page.locator("#bulk button[value=hold]").click()
    await expect(page.locator("#bulk-question")).to_have_text("3 jobs are held.")
    await page.locator("#dialog #reason").fill("scanner is broken")
    commands = asked(page)
    await page.locator("#bulk-start").dblclick()
    for one in chosen:
        await expect(one.row(page).locator(".tm-status")).to_have_text("paused")
    await expect(kept.row(page).locator(".tm-status")).to_have_text("waiting")
    assert len([path for path in commands if path.endswith("/bulk/start")]) == 1
    await expect(page.locator("#following")).to_contain_text("3 of 3 jobs")
    await expect(page.locator("#bulk")).not_to_be_visible()
    await expect(page.locator("#following")).not_to_be_visible()  # what has ended well goes by itself


async def test_what_could_not_be_done_is_told_and_stays_until_it_is_dismissed(
    system: System, page: Page
) -> None:
    working(system, "Atlas", "Bibel")
    gone, kept = book(system, "Chronik"), book(system, "Daten")
    await live(page)
    for one in (gone, kept):
        await one.row(page).locator(".tm-choose").check()
    await page.locator("#bulk button[value=hold]").click()
    with system.client() as client:
        client.post(f"/api/v1/jobs/{gone.id}/cancel", json={}).raise_for_status()
    gone.becomes("CANCELLED")
    await page.locator("#bulk-start").click()
    box = page.locator("#following")
    await expect(box.locator("[data-ended=yes]")).to_have_count(1)
    stop = page.locator("#plugin-controls [hx-get$='/stop']")
    await stop.click()  # nothing covers it
    await expect(page.locator("#dialog #reason")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(stop).to_be_focused()
    summary = box.locator("summary")
    await expect(summary).to_have_text("one could not be changed")
    await summary.click()
    await expect(box.locator(f"a[href='/jobs/{gone.id}']")).to_be_visible()
    await box.locator("[data-forget]").click()
    await expect(box).not_to_be_visible()


async def test_all_that_match_are_meant_on_every_page_of_the_list(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    matching = [book(system, f"Zeitung {number}") for number in range(30)]
    other = book(system, "Chronik")
    await live(page, f"{PATH}?q=zeitung&limit=25")
    await expect(page.locator("#rows tr")).to_have_count(25)
    await page.locator("#choose-page").check()
    await expect(page.locator("#bulk-count")).to_have_text("25 jobs selected")
    await page.locator("#bulk-all").click()
    await expect(page.locator("#bulk-count")).to_have_text("all 30 jobs that match are selected")
    await page.locator("#bulk button[value=cancel]").click()
    await expect(page.locator("#bulk-question")).to_have_text("30 jobs are cancelled for good.")
    await page.locator("#bulk-start").click()
    await expect(page.locator("#following")).to_contain_text("30 of 30 jobs")
    await expect(page.locator("#rows tr.tm-left")).to_have_count(25)
    assert {one.now["status"] for one in matching} == {"CANCELLED"}
    assert other.now["status"] == "STARTED"


async def test_a_selection_goes_over_the_pages_of_the_list(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    for number in range(30):
        book(system, f"Band {number}")
    await live(page, f"{PATH}?limit=25")
    await page.locator(".tm-choose").nth(0).check()
    await page.locator(".tm-choose").nth(3).click(modifiers=["Shift"])
    await expect(page.locator("#bulk-count")).to_have_text("4 jobs selected")
    await page.locator("#next-page").click()
    await expect(page.locator("#first-page")).to_be_visible()
    await expect(page.locator("#bulk-count")).to_have_text("4 jobs selected")
    await page.locator(".tm-choose").last.check()
    await page.go_back()
    await expect(page.locator("#bulk-count")).to_have_text("5 jobs selected")
    await expect(page.locator(".tm-choose:checked")).to_have_count(4)
    await page.locator("#bulk-none").click()
    await expect(page.locator("#bulk")).not_to_be_visible()


async def test_all_current_jobs_are_cancelled_after_one_question(system: System, page: Page) -> None:
    jobs = [*working(system, "Atlas", "Bibel"), book(system, "Chronik")]
    await live(page)
    await page.locator("#plugin-controls [hx-get$='/cancel-jobs']").click()
    await expect(page.locator("#bulk-question")).to_have_text("3 jobs are cancelled for good.")
    await expect(page.locator("#bulk-start")).to_have_text("Cancel 3 jobs")
    await page.locator("#bulk-start").click()
    await expect(page.locator("#following")).to_contain_text("3 of 3 jobs")
    for one in jobs:
        await expect(one.row(page)).to_contain_text("is now in: Error")
    await expect(page.locator("#plugin-controls [hx-get$='/cancel-jobs']")).to_have_count(0)


async def test_a_plugin_is_stopped_and_restarted(system: System, page: Page) -> None:
    first, _ = working(system, "Atlas", "Bibel")
    waiting, next_year = book(system, "Chronik"), datetime.now(UTC).year + 1
    await live(page)
    await page.locator("#plugin-controls [hx-get$='/stop']").click()
    await page.locator("#dialog #reason").fill("new disks")
    await page.locator("#dialog #until").fill(f"{next_year}-01-01T12:00")
    await page.locator("#dialog button[type=submit]").click()
    banner = page.locator("#stop-banner")
    await expect(banner).to_contain_text("Reason: new disks")
    await expect(banner).to_contain_text(str(next_year))
    first.let("1")
    await expect(first.row(page).locator(".tm-status")).to_have_text("paused")
    await expect(waiting.row(page)).to_contain_text("plugin is stopped")
    await page.locator("#plugin-controls [hx-get$='/restart']").click()
    await page.locator("#dialog button[type=submit]").click()
    await expect(banner).to_have_count(0)
    await expect(first.row(page).locator(".tm-status")).to_have_text("working")
    await expect(waiting.row(page)).not_to_contain_text("plugin is stopped")


async def test_a_stop_lets_running_jobs_come_to_their_end_if_it_is_told_so(
    system: System, page: Page
) -> None:
    first, _ = working(system, "Atlas", "Bibel")
    waiting = book(system, "Chronik")
    await live(page)
    await page.locator("#plugin-controls [hx-get$='/stop']").click()
    await page.locator("#mode-finish").check()
    await page.locator("#dialog button[type=submit]").click()
    await expect(page.locator("#stop-banner")).to_contain_text("2 jobs still run")
    first.let("all")
    await expect(first.row(page)).to_contain_text("is now in: Done")
    await expect(page.locator("#stop-banner")).to_contain_text("1 job still runs")
    await expect(waiting.row(page).locator(".tm-status")).to_have_text("waiting")


async def test_filter_order_and_page_stand_in_the_address(system: System, page: Page, tmp_path: Path) -> None:
    working(system, "Atlas", "Bibel")
    for number in range(27):
        book(system, f"Zeitung {number}", priority=number % 3)
    await live(page, f"{PATH}?limit=25")
    await page.locator("#q").fill("zeit")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("limit=25.*q=zeit"))
    await page.get_by_role("columnheader", name="Submitted").get_by_role("link").click()
    await page.locator("#next-page").click()
    await expect(page.locator("#rows tr")).to_have_count(2)
    address, titles = page.url, await page.locator("#rows .tm-title > a").all_inner_texts()
    await page.goto(f"{PATH}?tab=done")
    await page.go_back()
    await expect(page).to_have_url(address)
    assert await page.locator("#rows .tm-title > a").all_inner_texts() == titles
    await page.go_back()
    await expect(page.locator("#rows tr")).to_have_count(25)
    async with page.expect_download() as download:
        await page.locator("#export").click()
    file = tmp_path / "jobs.csv"
    await (await download.value).save_as(file)
    lines = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert {line["title"] for line in lines} == {f"Zeitung {number}" for number in range(27)}
    await page.locator("#unfilter").click()
    await expect(page.locator("#q")).to_have_value("")
