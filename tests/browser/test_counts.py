"""Numbers on the pages mean what they say, and lead to exactly what they count."""

import re

from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import NewPage
from tests.sample_data.cast import JP2
from tests.sample_data.looking import Looking

RED = "node => getComputedStyle(node).backgroundColor"


async def number(place: Locator) -> int:
    found = re.search(r"[\d,]+", await place.inner_text())
    assert found is not None
    return int(found[0].replace(",", ""))


async def test_jobs_in_error_are_counted_from_a_chosen_moment_and_listed_by_the_link(page: Page) -> None:
    await page.goto("/")
    failed = page.locator(f"#plugin-{JP2} [data-label='In error'] a")
    alert = page.locator(".alert-warning", has_text="still in error")
    counted = await number(failed)
    assert counted > 0
    await expect(alert).to_be_visible()
    await failed.click()
    await expect(page.locator("#matches")).to_have_text(f"{counted} jobs match")
    await expect(page.locator("#rows .tm-status").first).to_have_text("failed")
    await page.goto("/")
    await page.locator("#failed-since-now").click()
    await expect(failed).to_contain_text("0")
    await expect(alert).to_have_count(0)
    await page.locator("#failed-since-today").click()
    assert await number(failed) == counted


async def test_the_red_number_of_a_tab_is_that_of_the_menu(page: Page) -> None:
    await page.goto(f"/plugins/{JP2}")
    failed, cancelled = page.locator("#count-error"), page.locator("#count-cancelled")
    in_menu = page.locator(f"#menu-items a[href='/plugins/{JP2}'] .text-bg-danger")
    assert await number(failed) == await number(in_menu)
    assert await failed.evaluate(RED) == await in_menu.evaluate(RED) != await cancelled.evaluate(RED)
    sums = page.locator(".tm-sums")
    await expect(sums).to_contain_text(re.compile(r"in \d+ of \d+ jobs"))
    known, jobs = re.findall(r"\d+", await sums.locator(".tm-of").inner_text())
    assert int(known) < int(jobs) == await number(page.locator("#count-queue"))


async def test_places_and_matches_are_known_in_a_filtered_list(page: Page) -> None:
    await page.goto(f"/plugins/{JP2}?q=kirchenbuch")
    rows = page.locator("#rows tr[data-status=STARTED]")
    places = [int(text.rstrip("+")) for text in await rows.locator("[data-place]").all_inner_texts()]
    assert len(places) > 1
    assert places == sorted(set(places))
    assert places[-1] > len(places)  # others wait between them
    shown = await page.locator("#rows tr").count()
    await expect(page.locator("#matches")).to_have_text(f"{shown} jobs match")


async def test_a_group_of_errors_leads_to_its_jobs_and_to_their_retry(page: Page) -> None:
    await page.goto(f"/errors?plugin={JP2}")
    row = page.locator("tbody tr").first
    jobs = await number(row.locator("[data-label='Jobs']"))
    assert jobs > 1
    await row.get_by_role("button", name="Retry").click()
    await expect(page.locator("#bulk-question")).to_have_text(f"{jobs} jobs are tried again.")
    await page.keyboard.press("Escape")
    await expect(row.get_by_role("button", name="Retry")).to_be_focused()
    await row.locator(".tm-touched a").click()
    await expect(page.locator("#matches")).to_have_text(f"{jobs} jobs match")
    await expect(page.locator("#error_group")).to_be_checked()


async def test_the_log_in_page_says_how_to_get_a_password(sample_data: Looking, new_page: NewPage) -> None:
    page = await new_page(at=sample_data.guarded_address)
    await page.goto("/log-in")
    help_ = page.locator("#no-password")
    await help_.locator("summary").click()
    await expect(help_.get_by_text("taskmanager-users reset admin")).to_be_visible()
