"""What holds for every page and pop-up, in both languages, on phone and monitor.

Each view is looked at on a phone, which has the least room, and every fourth on a monitor, languages and
colours in turn; with `TASKMANAGER_ALL_VARIANTS=1` in every combination of any two.
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
    phones, monitors = ONCE_EACH[:2], ONCE_EACH[2:]
    for number, view in enumerate(VIEWS):
        chosen = [phones[number % 2], *([monitors[number // 4 % 2]] if number % 4 == 0 else [])]
        for visitor in ONCE_EACH if os.environ.get("TASKMANAGER_ALL_VARIANTS") else chosen:
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
