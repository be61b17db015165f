"""The fixtures of this folder with a whole system: it is on its pages, and a dead gateway is forgiven."""

from playwright.async_api import Page, expect
from tests.browser.conftest import NewPage
from tests.browser.watching import Watch
from tests.e2e.system import System


async def test_the_plugin_of_the_runner_is_in_the_menu_of_two_operators(
    system: System, new_page: NewPage
) -> None:
    for page in (await new_page(), await new_page()):
        await page.goto("/")
        await expect(page.locator("#menu-items a[href='/plugins/sleep']")).to_be_visible()


async def test_pages_are_served_again_when_the_gateway_was_killed(
    system: System, page: Page, watch: Watch
) -> None:
    await page.goto("/")
    system.gateway.kill()
    watch.forgive("net::ERR_")
    watch.forgive("console error: htmx:")  # each way in which a request of its own may fail
    system.gateway.start()
    system.gateway.until_ready()
    await page.reload()
    await expect(page.locator("#menu-items a[href='/plugins/sleep']")).to_be_visible()
