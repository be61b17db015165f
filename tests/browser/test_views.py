"""What holds for every page and pop-up, on every screen, in both languages and colours."""

import pytest
from playwright.async_api import expect
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.views import ONCE_EACH, VIEWS, View
from tests.browser.watching import Watch
from tests.sample_data.looking import Looking


@pytest.mark.parametrize("visitor", ONCE_EACH, ids=str)
@pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
async def test_it_is_accessible_quiet_and_fits(
    view: View, visitor: Visitor, sample_data: Looking, new_page: NewPage, watches: list[Watch]
) -> None:
    page = await new_page(visitor, view.address(sample_data))
    if view.status >= 400:
        watches[0].forgive(f"responded with a status of {view.status}")
    await view.open(page, sample_data.data.jobs.ids)
    await expect(page.locator("html")).to_have_attribute("lang", visitor.language[:2])
    await assert_accessible(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= visitor.width, f"the page is {wide} pixels wide on a screen of {visitor.width}"
    assert await page.title() != "owned"
