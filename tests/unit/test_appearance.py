"""The comparison of photographs: what machines differ in passes, what somebody changed does not."""

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw
from tests.browser.appearance import blocks, difference

SIZE = (400, 300)


def drawn(left: float = 40, colour: str = "#1a5fb4", width: int = 120) -> Image.Image:
    """A button and a line of text, with edges exactly where they are said to be."""
    large = Image.new("RGB", (SIZE[0] * 8, SIZE[1] * 8), "white")
    draw = ImageDraw.Draw(large)
    draw.rectangle((left * 8, 800, (left + width) * 8, 1100), fill=colour)
    draw.rectangle((left * 8, 1300, (left + 60) * 8, 1380), fill="#1b2530")
    return large.resize(SIZE, Image.Resampling.BOX)


def test_a_photograph_is_like_itself() -> None:
    assert difference(drawn(), drawn()).part == 0


def test_an_eighth_of_a_pixel_is_not_noticed() -> None:
    assert not difference(drawn(40), drawn(40.125)).noticed


@pytest.mark.parametrize("changed", [drawn(44), drawn(colour="#2f6fbf"), drawn(width=128)])
def test_another_place_colour_or_width_is_noticed(changed: Image.Image) -> None:
    assert difference(drawn(), changed).noticed


def test_another_size_is_noticed() -> None:
    assert difference(drawn(), drawn().crop((0, 0, 400, 299))).noticed


def test_the_font_has_one_width_for_all_characters_that_pages_use() -> None:
    font = TTFont(BytesIO(blocks()))
    known = font.getBestCmap()
    assert all(ord(one) in known for one in "Aä…●▲▼✓✕⚠❚►☰⋮─")
    assert {advance for advance, _ in font["hmtx"].metrics.values()} == {500}
    assert font["glyf"]["block"].numberOfContours == 1
