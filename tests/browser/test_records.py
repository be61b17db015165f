"""Lists that renew themselves, and what somebody writes beside them."""

from playwright.async_api import Page, expect
from tests.sample_data.looking import Looking


async def test_a_reason_stays_while_the_report_renews_itself(sample_data: Looking, page: Page) -> None:
    await page.goto("/reports")
    row = page.locator("#reports tbody tr", has=page.locator("form[hx-post$='/replay']")).first
    await row.locator("button[hx-get]").click()
    reason = page.locator("#dialog #reason")
    await reason.fill("server moved")
    async with page.expect_response("**/ui/reports/*/state"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('tm-reports'))")
    async with page.expect_response("**/ui/reports/*/state"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('tm-reports'))")
    await expect(reason).to_have_value("server moved")
