"""The page of a plugin while jobs run: it tells the truth, and disturbs nobody who works on it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.books import PLUGIN, Book, asked, book, clear, live, steps, working
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.watching import Watch
from tests.e2e.system import System

from taskmanager_testing.waiting import eventually_async

DIES_MILLISECONDS = 100_000
"""A silent runner keeps its jobs for a lease of a minute."""
TOP = "node => node.getBoundingClientRect().top"
FIRST_LETTER = """node => {
    const range = document.createRange();
    range.setStart(node.firstChild, 0);
    range.setEnd(node.firstChild, 1);
    return range.getBoundingClientRect().toJSON();
}"""
HIDE = """hidden => {
    const say = (name, value) => Object.defineProperty(document, name, {value, configurable: true});
    say('visibilityState', hidden ? 'hidden' : 'visible');
    say('hidden', hidden);
    document.dispatchEvent(new Event('visibilitychange'));
}"""


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


# --- rows -----------------------------------------------------------------------------------------


async def test_progress_comes_into_the_row_while_somebody_types_into_a_pop_up(
    system: System, page: Page
) -> None:
    first, _ = working(system, "Atlas", "Bibel")
    waiting, other = book(system, "Chronik"), book(system, "Daten")
    await live(page)
    await other.row(page).locator(".tm-choose").check()
    button = waiting.row(page).locator("[hx-get$='/priority']").first
    await button.click()
    settled = page.locator("#dialog[open] #dialog-body:not(.htmx-settling)")  # has given the focus away
    await expect(settled).to_be_visible()
    reason = page.locator("#dialog #reason")
    await reason.fill("the reader wai")
    for file, percent in steps():
        first.let(file)
        await expect(first.row(page).locator("progress")).to_have_attribute("value", re.compile(percent))
        await expect(first.row(page)).to_contain_text(f"{int(file) + 1}.tif")
        await expect(reason).to_be_focused()
    await page.keyboard.type("ts")
    await expect(reason).to_have_value("the reader waits")
    await page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    await expect(other.row(page).locator(".tm-choose")).to_be_checked()
    await expect(page.locator("#bulk-count")).to_have_text("1 job selected")


async def test_focus_scroll_and_an_open_menu_survive_updates(system: System, new_page: NewPage) -> None:
    first, second = working(system, "Atlas", "Bibel")
    rest = [book(system, f"Band {number}") for number in range(12)]
    page = await new_page(Visitor(height=420))
    await live(page)
    await page.evaluate("window.scrollTo(0, 300)")
    more = first.row(page).locator(".tm-job-more")
    await more.evaluate("node => node.click()")
    menu = first.row(page).locator(".dropdown-menu")
    await expect(menu).to_be_visible()
    link = rest[3].row(page).locator(".tm-title > a")
    await link.evaluate("node => node.focus({preventScroll: true})")
    before = await page.evaluate("window.scrollY")
    for file, percent in steps():
        first.let(file)
        second.let(file)
        await expect(second.row(page).locator("progress")).to_have_attribute("value", re.compile(percent))
    await expect(menu).to_be_visible()
    await expect(link).to_be_focused()
    assert await page.evaluate("window.scrollY") == before
    await page.locator("h1").evaluate("node => node.click()")
    await expect(menu).not_to_be_visible()
    await expect(first.row(page).locator("progress")).to_have_attribute("value", re.compile("75"))


async def test_a_job_that_ends_is_marked_and_those_behind_it_move_up(system: System, page: Page) -> None:
    first, _ = working(system, "Atlas", "Bibel")
    next_one, last = book(system, "Chronik"), book(system, "Daten")
    await live(page)
    place = last.row(page).locator("[data-place]")
    await expect(place).to_have_text("2")
    first.let("all")
    await expect(first.row(page)).to_contain_text("is now in: Done")
    await expect(page.locator("#news-text")).to_have_text("1 job has left this list.")
    await expect(next_one.row(page).locator(".tm-status")).to_have_text("working")
    await expect(place).to_have_text("1")
    await expect(page.locator("#count-done")).not_to_have_text("0")
    await page.locator("#news a").click()
    await expect(first.row(page)).to_have_count(0)


async def test_new_jobs_are_announced_and_shown_on_request(system: System, page: Page) -> None:
    await live(page)
    await expect(page.locator("#empty")).to_be_visible()
    first = book(system, "Atlas")
    await expect(first.row(page)).to_be_visible()  # there is nothing that would be moved
    await expect(page.locator("#count-queue")).to_have_text("1")
    more = [book(system, title) for title in ("Bibel", "Chronik")]
    await expect(page.locator("#news-text")).to_have_text("2 new jobs.")
    await expect(page.locator("#rows tr")).to_have_count(1)
    await page.locator("#news a").click()
    for one in more:
        await expect(one.row(page)).to_be_visible()
    await expect(page.locator("#news")).not_to_be_visible()


async def test_jobs_that_are_retried_in_bulk_are_announced(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    retried = [book(system, f"Band {number}") for number in range(3)]
    with system.client() as client:
        _operate(client, "cancel", [one.id for one in retried])
        for one in retried:
            one.becomes("CANCELLED")
        await live(page)
        await expect(page.locator("#rows tr")).to_have_count(2)
        _operate(client, "retry", [one.id for one in retried])
    await expect(page.locator("#news-text")).to_have_text("3 new jobs.")


def _operate(client: httpx.Client, action: str, ids: list[str]) -> None:
    chosen = {"plugin": PLUGIN, "ids": ids}
    client.post("/api/v1/operations", json={"action": action, "filter": chosen}).raise_for_status()


# --- following ------------------------------------------------------------------------------------


async def test_a_list_that_is_followed_stays_up_to_date_by_itself(system: System, page: Page) -> None:
    await live(page, follow=True)
    await expect(page.locator("#empty")).to_be_visible()
    first, _ = working(system, "Atlas", "Bibel")
    waiting = [book(system, f"Band {number}", priority=9) for number in range(3)]
    for one in waiting:
        await expect(one.row(page)).to_be_visible()
    titles = page.locator("#rows .tm-title > a")
    await expect(titles).to_have_text(["Atlas", "Bibel", "Band 0", "Band 1", "Band 2"])
    first.let("all")
    await expect(first.row(page)).to_have_count(0)
    await expect(titles).to_have_text(["Band 0", "Bibel", "Band 1", "Band 2"])
    await expect(page.locator("#news")).not_to_be_visible()
    await expect(page.locator("#rows tr.tm-left")).to_have_count(0)


async def test_what_the_pointer_and_the_focus_are_on_stays_where_it_is(
    system: System, new_page: NewPage
) -> None:
    working(system, "Atlas", "Bibel")
    rest = [book(system, f"Band {number}") for number in range(12)]
    page = await new_page(Visitor(height=420))
    await live(page, follow=True)
    pointed = rest[5].row(page)
    await pointed.scroll_into_view_if_needed()
    await pointed.hover()
    link = rest[7].row(page).locator(".tm-title > a")
    await link.evaluate("node => node.focus({preventScroll: true})")
    before = await pointed.evaluate(TOP)
    for _ in range(4):
        book(system, "Eilig", priority=9)
    with system.client() as client:
        _operate(client, "cancel", [rest[number].id for number in (0, 1, 5)])
    await expect(page.locator("#rows").get_by_text("Eilig", exact=True)).to_have_count(4)
    await expect(rest[0].row(page)).to_have_count(0)
    await expect(pointed).to_contain_text("is now in: Error")
    await expect(link).to_be_focused()
    assert abs(await pointed.evaluate(TOP) - before) < 2
    await page.mouse.move(5, 5)
    await expect(pointed).to_have_count(0)
    await expect(link).to_be_focused()


async def test_a_button_below_the_list_stays_under_the_pointer(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    rest = [book(system, f"Band {number}") for number in range(6)]
    await live(page, follow=True)
    stop = page.locator("#plugin-controls [hx-get$='/stop']")
    await stop.hover()
    before = await stop.evaluate(TOP)
    with system.client() as client:
        _operate(client, "cancel", [one.id for one in rest[:4]])
    await expect(page.locator("#rows tr")).to_have_count(4)
    assert abs(await stop.evaluate(TOP) - before) < 2
    for number in range(6):
        book(system, f"Heft {number}")
    await expect(page.locator("#rows tr")).to_have_count(10)
    assert abs(await stop.evaluate(TOP) - before) < 2


async def test_the_list_waits_while_somebody_selects(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    chosen, other = book(system, "Chronik"), book(system, "Daten")
    await live(page, follow=True)
    await chosen.row(page).locator(".tm-choose").check()
    with system.client() as client:
        _operate(client, "cancel", [other.id])
    await expect(other.row(page)).to_contain_text("is now in: Error")
    await expect(page.locator("#news-text")).to_have_text("1 job has left this list.")
    await page.locator("#bulk-none").click()
    await expect(other.row(page)).to_have_count(0)
    await expect(chosen.row(page)).to_be_visible()


# --- focus, writing directions --------------------------------------------------------------------


async def test_the_focus_returns_to_the_row_that_a_pop_up_has_changed(system: System, page: Page) -> None:
    working(system, "Atlas", "Bibel")
    held = book(system, "Chronik")
    await live(page)
    more = held.row(page).locator(".tm-job-more")
    await more.focus()
    await page.keyboard.press("Enter")
    await held.row(page).locator(".dropdown-menu [hx-get$='/cancel']").press("Enter")
    await expect(page.locator("#dialog #reason")).to_be_visible()
    await page.locator("#dialog button[type=submit]").press("Enter")
    await expect(held.row(page)).to_contain_text("is now in: Error")
    await expect(more).to_be_focused()


async def test_texts_in_any_direction_begin_where_they_begin_and_turn_nothing(
    system: System, page: Page
) -> None:
    working(system, "Atlas", "Bibel")
    reference = {"process_id": 77, "process_title": "\u202egnp.exe"}
    hebrew = book(system, "ספר " * 60, goobi=reference)
    await live(page)
    title = hebrew.row(page).locator(".tm-title > a")
    first = await title.evaluate(FIRST_LETTER)
    shown = await title.bounding_box()
    assert shown is not None
    assert shown["x"] <= first["left"] < first["right"] <= shown["x"] + shown["width"] + 1
    await page.goto(f"/jobs/{hebrew.id}")
    fact = page.locator("dd", has_text="(77)")
    turned, number = await fact.locator("bdi").bounding_box(), await fact.locator("span").bounding_box()
    assert turned is not None
    assert number is not None
    assert number["x"] >= turned["x"] + turned["width"] - 1


# --- lost, paused, hidden -------------------------------------------------------------------------


async def test_a_dead_gateway_is_shown_and_the_page_heals_to_the_truth(
    system: System, page: Page, watch: Watch
) -> None:
    watch.forgive("net::ERR_")
    watch.forgive("console error: htmx:")  # each way in which a request of its own may fail
    first, second = working(system, "Atlas", "Bibel")
    await live(page)
    system.gateway.kill()
    await expect(page.locator("#live")).to_have_attribute("data-state", "lost")
    await expect(page.locator("#live-state")).to_have_text("connection lost, trying again")
    await second.row(page).locator("[hx-get$='/cancel']").first.click()
    await expect(page.locator("#problem")).to_contain_text("does not answer")
    first.let("all")
    system.gateway.start()
    system.gateway.until_ready()
    await expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=60_000)
    await expect(first.row(page)).to_contain_text("is now in: Done")
    second.let("1")
    await expect(second.row(page)).to_contain_text("2.tif")


async def test_paused_it_asks_for_nothing_and_then_shows_all(system: System, new_page: NewPage) -> None:
    (first,) = working(system, "Atlas")
    paused, other = await new_page(), await new_page()
    for page in (paused, other):
        await live(page)
    button = paused.get_by_role("button", name="Pause updates")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(paused.locator("#live-state")).to_have_text("paused")
    paths = asked(paused)
    for file, percent in steps():
        first.let(file)
        await expect(first.row(other).locator("progress")).to_have_attribute("value", re.compile(percent))
    await expect(first.row(paused)).to_contain_text("1.tif")
    assert not paths
    await button.click()
    await expect(first.row(paused)).to_contain_text("4.tif")
    await expect(paused.locator("#live-state")).to_have_text("live")


async def test_a_page_that_nobody_sees_asks_for_nothing(system: System, new_page: NewPage) -> None:
    (first,) = working(system, "Atlas")
    waiting = [book(system, f"Band {number}") for number in range(3)]
    hidden, other = await new_page(), await new_page()
    for page in (hidden, other):
        await live(page)
    await hidden.evaluate(
        "document.body.dispatchEvent(new CustomEvent('tm-follow', {detail: {operations: ['none']}}))"
    )
    await expect(hidden.locator("#following")).to_be_visible()
    await hidden.evaluate(HIDE, arg=True)
    paths = asked(hidden)
    for file, percent in steps():
        first.let(file)
        await expect(first.row(other).locator("progress")).to_have_attribute("value", re.compile(percent))
    assert not paths
    book(system, "Neu")
    await hidden.evaluate(HIDE, arg=False)
    await expect(first.row(hidden)).to_contain_text("4.tif")
    await expect(hidden.locator("#news-text")).to_contain_text("new job")
    await expect(waiting[0].row(hidden)).to_be_visible()


# --- being told of failures -----------------------------------------------------------------------


TOLD = """() => {
    window.told = [];
    window.Notification = class extends EventTarget {
        static permission = 'granted';
        constructor(title, options) { super(); window.told.push({title, ...options}); }
    };
}"""


def cancel(system: System, *books: Book) -> None:
    with system.client() as client:
        for one in books:
            client.post(f"/api/v1/jobs/{one.id}/cancel", json={}).raise_for_status()
    for one in books:
        one.becomes("CANCELLED")


async def test_who_wants_to_be_told_of_failures_is_while_the_page_is_in_the_background(
    system: System, page: Page
) -> None:
    first, second = book(system, "Atlas"), book(system, "Bibel")
    await page.add_init_script(f"({TOLD})()")
    await live(page)
    title = await page.title()
    await page.get_by_role("button", name="Settings").click()
    switch = page.get_by_role("switch", name="Tell me of failures")
    await expect(switch).not_to_be_checked()
    await switch.press("Enter")
    await expect(page.locator("#tell")).to_have_attribute("aria-checked", "true")
    cancel(system, first)
    await expect(first.row(page)).to_contain_text("cancelled")
    assert await page.title() == title  # somebody looks
    await page.evaluate(HIDE, arg=True)
    cancel(system, second)
    await expect(page).to_have_title(f"(1) {title}")
    told = await eventually_async(lambda: page.evaluate("window.told[0] ?? null"), what="a notification")
    assert (told["tag"], told["body"]) == ("tm-failed", f"1 job failed or was cancelled: {PLUGIN}")
    await page.evaluate(HIDE, arg=False)
    await expect(page).to_have_title(title)
    await expect(second.row(page)).to_contain_text("cancelled")


# --- a runner that dies ---------------------------------------------------------------------------


async def test_a_dead_runner_is_shown_and_its_jobs_wait_again(system: System, page: Page) -> None:
    first, second = working(system, "Atlas", "Bibel")
    await live(page)
    system.runner.kill()
    for one in (first, second):
        await expect(one.row(page).locator(".tm-status")).to_have_text("waiting", timeout=DIES_MILLISECONDS)
    await expect(page.locator("#plugin-head")).to_contain_text(
        "No runner of this plugin is alive", timeout=DIES_MILLISECONDS
    )
    await expect(first.row(page)).to_contain_text("no runner is alive")
    system.runner.start()
    system.runner.until_ready()
    await expect(first.row(page).locator(".tm-status")).to_have_text("working", timeout=DIES_MILLISECONDS)
    await expect(page.locator("#plugin-head")).to_contain_text("1 runner alive")


# --- two at once ----------------------------------------------------------------------------------


async def test_what_one_operator_does_the_other_sees(system: System, new_page: NewPage) -> None:
    working(system, "Atlas", "Bibel")
    waiting = book(system, "Chronik")
    first, second = await new_page(), await new_page()
    for page in (first, second):
        await live(page)
        await waiting.row(page).locator(".tm-job-more").click()
        await waiting.row(page).locator(".dropdown-menu [hx-get$='/cancel']").click()
        await expect(page.locator("#dialog")).to_be_visible()
    commands = asked(first)
    await first.locator("#dialog #reason").fill("wrong scan")
    await first.locator("#dialog button[type=submit]").dblclick()
    await expect(waiting.row(first)).to_contain_text("is now in: Error")
    assert len([path for path in commands if path.startswith("POST") and "/cancel" in path]) == 1
    await expect(waiting.row(second)).to_contain_text("is now in: Error")
    await expect(second.locator("#dialog")).to_be_visible()
    await second.locator("#dialog button[type=submit]").click()
    await expect(second.locator("#toasts")).to_contain_text("It was so already")
    await expect(waiting.row(second).locator(".tm-status")).to_have_text("cancelled")


async def test_the_second_hears_why_not_and_sees_the_truth(
    system: System, new_page: NewPage, watches: list[Watch]
) -> None:
    first, _ = working(system, "Atlas", "Bibel")
    page = await new_page()
    watches[0].forgive("409")
    await live(page)
    await first.row(page).locator("[hx-get$='/cancel']").first.click()
    reason = page.locator("#dialog #reason")
    await reason.fill("wrong scan")
    first.let("all")
    await expect(first.row(page)).to_contain_text("is now in: Done")
    await expect(reason).to_have_value("wrong scan")
    await page.locator("#dialog button[type=submit]").click()
    await expect(page.locator("#dialog .dialog-problem")).not_to_be_empty()
    await expect(reason).to_have_value("wrong scan")
    await page.keyboard.press("Escape")
    await expect(first.row(page).locator(".tm-status")).to_have_text("done")


async def test_the_form_of_a_new_job_is_kept_as_a_preset_and_filled_with_it(
    system: System, page: Page
) -> None:
    assert system.gateway.running
    form, field = f"/new-job/{PLUGIN}", page.locator("#parameter-leave")
    await page.goto(form)
    await field.fill("/somewhere")
    await page.locator("#new-job-keep summary").press("Enter")
    await page.locator("#preset_name").fill("Some folder")
    await page.locator("#new-job-keep [hx-post$='/preset']").press("Enter")
    await page.wait_for_url("**preset=own%2FSome%20folder")
    await expect(field).to_have_value("/somewhere")
    await page.goto(form)
    await page.locator("#preset").select_option(label="Some folder")
    await page.locator(".tm-preset-choice button").press("Enter")
    await expect(field).to_have_value("/somewhere")
