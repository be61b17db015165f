"""What the pages are made of looks as it was accepted: in both colours, both languages, wide and narrow."""

import pytest
from tests.browser.accessibility import assert_accessible
from tests.browser.appearance import check, with_blocks
from tests.browser.chromium import PHONE, Visitor
from tests.browser.conftest import NewPage
from tests.sample_data.looking import Looking

PATH = "/reference/components"
VISITORS = {
    "components-en": Visitor("en-GB", width=1280),
    "components-de": Visitor("de-DE", width=1280),
    "components-phone": Visitor("de-DE", width=PHONE),
}


@pytest.mark.parametrize("name", VISITORS)
async def test_they_look_as_accepted(name: str, sample_data: Looking, new_page: NewPage) -> None:
    page = await new_page(VISITORS[name])
    await with_blocks(page)
    await page.goto(PATH)
    await page.evaluate("document.fonts.load('16px Blocks')")
    check(name, await page.locator("#components").screenshot(animations="disabled", caret="hide"))


@pytest.mark.parametrize("dark", [False, True])
async def test_they_are_accessible(dark: bool, sample_data: Looking, new_page: NewPage) -> None:
    page = await new_page(Visitor("de-DE", dark=dark))
    await page.goto(PATH)
    await assert_accessible(page)
