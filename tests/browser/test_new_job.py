"""A job submitted by hand: a folder chosen beneath the roots, a look ahead, the form kept as a link."""

from playwright.async_api import Page, expect
from tests.browser.watching import Watch
from tests.sample_data.cast import JP2
from tests.sample_data.looking import Looking


async def test_a_job_is_put_together_and_submitted_with_the_keyboard(
    sample_data: Looking, page: Page, watches: list[Watch]
) -> None:
    for told in ("responded with a status of 422", "Status Error Code 422"):
        watches[0].forgive(told)
    await page.goto("/new-job")
    await page.locator(f"main a[href='/new-job/{JP2}']").press("Enter")
    source = page.locator("#source")
    await page.locator("[data-browse='source']").press("Enter")
    dialog = page.locator("#dialog[open]")
    await dialog.locator(".tm-folders button").first.press("Enter")
    taken = dialog.locator("[data-take]")
    folder = await taken.get_attribute("data-take")
    assert folder
    await taken.press("Enter")
    await expect(page.locator("#dialog")).not_to_be_visible()
    await expect(source).to_be_focused()
    await expect(source).to_have_value(folder)

    await page.locator("#title").fill("Band 1")
    await page.locator("[hx-post$='/look']").press("Enter")
    await expect(page.locator("#look")).to_contain_text("It would be accepted.")
    link = await page.locator("#as-link").get_attribute("href")
    assert link
    await page.locator("#destination").fill("/etc")
    await page.locator("#new-job button[type=submit]").press("Enter")
    await expect(page.locator("#problem")).to_contain_text("destination")

    await page.goto(link)
    await expect(source).to_have_value(folder)
    await expect(page.locator("#title")).to_have_value("Band 1")
    await page.locator("#new-job button[type=submit]").press("Enter")
    await page.wait_for_url("**/jobs/*")
    await expect(page.locator("main")).to_contain_text("Band 1")
    await page.locator("a[href*='like=']").press("Enter")
    await expect(page.locator("#title")).to_have_value("Band 1")
