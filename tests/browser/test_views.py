"""What holds for every page and pop-up, in both languages, on phone and monitor.

Each view is looked at twice, dark or light in turn with the next one; with `TASKMANAGER_ALL_VARIANTS=1` in
every combination of any two.
"""

import os
from collections.abc import Iterator

import pytest
from playwright.async_api import expect
from tests.browser.accessibility import assert_accessible
from tests.browser.chromium import Visitor
from tests.browser.conftest import NewPage
from tests.browser.views import ONCE_EACH, VIEWS, View
from tests.browser.watching import Watch
from tests.sample_data.looking import Looking


def looks() -> Iterator[object]:
    """The views, each with those who look at it."""
    for number, view in enumerate(VIEWS):
        everybody = os.environ.get("TASKMANAGER_ALL_VARIANTS")
        for visitor in ONCE_EACH if everybody else ONCE_EACH[number % 2 :: 2]:
            yield pytest.param(view, visitor, id=f"{view.name}-{visitor}")


@pytest.mark.parametrize(("view", "visitor"), list(looks()))
async def test_it_is_accessible_quiet_and_fits(
    view: View, visitor: Visitor, sample_data: Looking, new_page: NewPage, watches: list[Watch]
) -> None:
    page = await new_page(visitor, view.address(sample_data))
    if view.status >= 400:
        watches[0].forgive(f"responded with a status of {view.status}")
    await view.open(page, sample_data)
    await expect(page.locator("html")).to_have_attribute("lang", visitor.language[:2])
    await assert_accessible(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= visitor.width, f"the page is {wide} pixels wide on a screen of {visitor.width}"
    assert await page.title() != "owned"
