"""The HTTP API in Swagger UI: shown and tried out under the content security policy of all pages."""

from playwright.async_api import Page, expect


async def test_an_address_of_the_api_is_tried_out_from_the_page(page: Page) -> None:
    await page.goto("/docs")
    entry = page.locator('.opblock-get:has([data-path="/api/v1/plugins"])')
    await entry.locator(".opblock-summary-control").click()
    await entry.get_by_role("button", name="Try it out").click()
    await entry.get_by_role("button", name="Execute").click()

    answer = entry.locator(".live-responses-table .response").first
    await expect(answer).to_contain_text("200")
    await expect(answer).to_contain_text('"plugins"')
