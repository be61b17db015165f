"""Searching, the palette of commands and the keys, as somebody uses them who never touches the mouse."""

import re
from urllib.parse import urlsplit

from playwright.async_api import Page, expect
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.entering import log_in
from tests.sample_data.cast import JP2, OCR, SHELL
from tests.sample_data.looking import Looking
from tests.sample_data.people import RESTRICTED

FITS = """async (pairs) => {
    const palette = document.querySelector("script[src$='find/palette.js']").src;
    const { score } = await import(palette.replace("palette", "fuzzy"));
    return pairs.map(([typed, label]) => score(typed, label));
}"""
SAID_ACTIVE = (
    "input => document.getElementById(input.getAttribute('aria-activedescendant'))?.textContent ?? ''"
)


async def test_a_job_is_found_from_any_page_by_keys_alone(page: Page) -> None:
    await page.goto("/runners")
    await page.keyboard.press("/")
    box = page.locator("#find")
    await expect(box).to_be_focused()
    await page.keyboard.type("kirchen")
    options = page.locator("#found [role=option]")
    await expect(options).to_have_count(6)  # five, and all of them
    await expect(box).to_have_attribute("aria-expanded", "true")
    await expect(page.locator("#found-note")).to_contain_text("findings")
    await page.keyboard.press("ArrowDown")
    assert "Kirchenbuch" in await box.evaluate(SAID_ACTIVE)
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(options.first).to_be_hidden()
    await page.keyboard.type("b")
    await options.first.wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/jobs/"))
    await expect(page.locator("#job-title")).to_contain_text("Kirchenbuch")


async def test_all_findings_lead_to_lists_of_exactly_as_many_jobs(page: Page) -> None:
    await page.goto("/")
    await page.keyboard.press("/")
    await page.keyboard.type("kirchen")
    await page.locator("#found [role=option]").first.wait_for()
    await page.keyboard.press("Enter")  # nothing is marked: the page of the search
    await expect(page).to_have_url(re.compile("/search"))
    place = page.locator("section[aria-labelledby=text] li", has_text=re.compile("Queue"))
    counted = re.search(r"(\d+)$", (await place.first.inner_text()).strip())
    assert counted is not None
    await place.first.locator("a").click()
    await expect(page.locator("#matches")).to_have_text(f"{counted[1]} jobs match")


async def test_a_command_is_called_by_a_few_letters_and_asks_nothing_of_the_server(
    new_page: NewPage, sample_data: Looking
) -> None:
    page = await new_page(Visitor(language="de-DE"))
    await page.goto("/runners")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.keyboard.press("Control+k")
    field = page.locator("#palette-input")
    await expect(field).to_be_focused()
    await assert_accessible(page)
    await page.keyboard.type("anh jpeg")
    first = page.locator("#palette-list [role=option]").first
    await expect(first).to_contain_text("JPEG 2000 anhalten")
    assert "JPEG 2000 anhalten" in await field.evaluate(SAID_ACTIVE)
    own = ("/ui/live", "/ui/menu", "/ui/runners", "/static/")  # what the page asks for by itself
    assert not [address for address in asked if not urlsplit(address).path.startswith(own)]
    await page.keyboard.press("Enter")
    await expect(page.locator(f"#dialog form[hx-post='/ui/plugins/{JP2}/stop']")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(sample_data.data.jobs.ids["started"])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/jobs/"))


async def test_language_and_colours_are_commands(page: Page) -> None:
    await page.goto("/runners")
    for typed, attribute, value in (("deutsch", "lang", "de"), ("dunkel", "data-bs-theme", "dark")):
        await page.keyboard.press("Control+k")
        await page.keyboard.type(typed)
        await page.keyboard.press("Enter")
        await expect(page.locator("html")).to_have_attribute(attribute, value)
        await expect(page).to_have_url(re.compile("/runners$"))


async def test_nobody_is_offered_what_they_may_not_do(new_page: NewPage, sample_data: Looking) -> None:
    page = await new_page(at=sample_data.guarded_address)
    await log_in(page, RESTRICTED)
    await page.goto("/runners")
    await page.keyboard.press("Control+k")
    offered = "\n".join(await page.locator("#palette-list [role=option]").all_inner_texts())
    assert "Stop JPEG 2000" in offered
    assert "Users" not in offered
    assert not {"Log out", "Account"} - set(re.split(r"\s*\n\s*", offered))
    plugins = await page.locator("#menu-items [data-acts]").evaluate_all(
        "links => links.map(link => link.dataset.plugin)"
    )
    assert set(plugins) == {JP2, OCR}


async def test_what_is_typed_fits_by_words_beginnings_and_letters(page: Page) -> None:
    await page.goto("/runners")
    pairs = [
        ("jp", "Stop JPEG 2000"),
        ("2000 stop", "Stop JPEG 2000"),
        ("ubers", "Übersicht"),
        ("xq", "Stop JPEG 2000"),
    ]
    whole, turned, bare, none = await page.evaluate(FITS, pairs)
    assert min(whole, turned, bare) > 0 == none
    exact, begun, within, scattered = await page.evaluate(
        FITS, [("stop", "Stop it"), ("sto", "Stop it"), ("top", "Stop it"), ("sp", "Stop it")]
    )
    assert exact > begun > within > scattered > 0


async def test_rows_are_gone_through_selected_and_acted_on_by_keys(page: Page) -> None:
    await page.goto(f"/plugins/{JP2}")
    rows = page.locator("#rows > tr")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(rows.nth(1).locator(".tm-title > a")).to_be_focused()
    await page.keyboard.press("k")
    await expect(rows.nth(0).locator(".tm-title > a")).to_be_focused()
    await page.keyboard.press("x")
    await expect(rows.nth(0).locator(".tm-choose")).to_be_checked()
    await expect(page.locator("#bulk-count")).to_have_text("1 job selected")
    await page.keyboard.press("x")
    await expect(page.locator("#bulk")).to_be_hidden()
    await page.keyboard.press(".")
    await expect(rows.nth(0).locator(".dropdown-menu .dropdown-item").first).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dialog #job-state")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.goto("/")
    await page.keyboard.press("j")
    await expect(page.locator(".tm-plugin-card").first.locator("a").first).to_be_focused()


async def test_keys_do_nothing_while_somebody_types_or_once_they_are_switched_off(page: Page) -> None:
    await page.goto(f"/plugins/{SHELL}")
    await page.locator("#q").fill("")
    await page.locator("#q").press_sequentially("j/?.x")
    await expect(page.locator("#q")).to_have_value("j/?.x")
    await page.locator("h1").click()
    await page.keyboard.press("?")
    switch = page.locator("#keys-on")
    await expect(switch).to_be_checked()
    await assert_accessible(page)
    await switch.uncheck()
    await page.keyboard.press("Escape")
    for key in ("?", "/", "j"):
        await page.keyboard.press(key)
    await expect(page.locator("#dialog")).to_be_hidden()
    await expect(page.locator("#find")).not_to_be_focused()
    await page.reload()
    await page.keyboard.press("/")
    await expect(page.locator("#find")).not_to_be_focused()
    await page.keyboard.press("Control+k")  # no single key
    await expect(page.locator("#palette-input")).to_be_focused()


async def test_filters_are_removed_one_by_one(page: Page) -> None:
    await page.goto(f"/plugins/{JP2}?q=kirchen&priority_min=2")
    chips = page.locator("#chips a")
    await expect(chips).to_have_count(2)
    await chips.filter(has_text="Words").click()
    await expect(page).to_have_url(re.compile(r"\?priority_min=2$"))
    await expect(chips).to_have_count(1)
    await page.locator("#project").focus()
    await expect(page.locator("#projects option")).not_to_have_count(0)


async def test_the_end_of_a_queue_is_told_and_two_attempts_are_compared(
    page: Page, sample_data: Looking
) -> None:
    await page.goto(f"/plugins/{JP2}")
    await expect(page.locator("#forecast summary")).to_contain_text("Done probably")
    await page.locator("#forecast summary").click()
    await assert_accessible(page)
    await page.goto(f"/jobs/{sample_data.data.jobs.ids['crashed']}")
    await page.get_by_role("link", name="Compare attempts").click()
    await page.locator("#one").select_option("1")
    await page.get_by_role("button", name="Compare").click()
    await expect(page.locator(".tm-attempts thead")).to_contain_text("Attempt 1")
    await expect(page.locator(".tm-attempts .tm-differs")).not_to_have_count(0)


async def test_a_view_is_kept_under_a_name_called_again_and_removed(page: Page) -> None:
    await page.goto(f"/plugins/{JP2}")
    await expect(page.locator("#keep-view")).to_have_count(0)  # as it always is
    await page.goto(f"/plugins/{JP2}?q=kirchen&sort=created")
    await page.locator(".tm-keep summary").click()
    await page.locator("#view-name").fill("<b>Church books")
    await page.keyboard.press("Enter")
    await page.goto("/runners")
    kept = page.locator("#views a")
    await expect(kept).to_have_text("<b>Church books")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("church")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/plugins/{JP2}\?q=kirchen&sort=created$"))
    await expect(kept).to_have_attribute("aria-current", "page")
    await assert_accessible(page)
    await page.evaluate(
        "localStorage.setItem('tm-views', JSON.stringify([{name: 'x', address: '//elsewhere'}]))"
    )
    await page.reload()
    await expect(page.locator("#views")).to_be_hidden()
    await page.evaluate(
        "localStorage.setItem('tm-views', JSON.stringify([{name: 'x', address: '/plugins/jp2?q=a'}]))"
    )
    await page.reload()
    await page.get_by_role("button", name="Remove the view x").click()
    await expect(page.locator("#views")).to_be_hidden()
