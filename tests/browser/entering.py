"""Logging in: through the form, or directly where the form is not what the test is about."""

from playwright.async_api import Page
from tests.sample_data.people import PASSWORD


async def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Give the page's browser a session."""
    answer = await page.context.request.post("/log-in", form={"name": name, "password": password})
    assert answer.ok, f"{name} is not let in: {answer.status}"


async def show_code(page: Page, code: str) -> None:
    """Fill in the form for the code that follows, and submit it."""
    form = page.locator("#log-in-form")
    await form.locator("#log-in-code").fill(code)
    await form.locator("button[type=submit]").click()


async def answer_by_key(page: Page) -> None:
    """Answer with the security key, in the form that follows the password."""
    await page.locator("#log-in-form [data-key=get]").click()


async def fill_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the form, on its page or in its pop-up, and submit it."""
    form = page.locator("#log-in-form")
    await form.locator("#log-in-name").fill(name)
    await form.locator("#log-in-password").fill(password)
    await form.locator("button[type=submit]").click()
