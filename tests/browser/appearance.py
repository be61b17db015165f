"""Photographs of pages that are the same on every machine, and the comparison with those that were accepted.

Fonts and how they are drawn differ from machine to machine. So the page gets a font in which every character
is a rectangle of one size: what is seen then are boxes, colours and distances, which are ours. Differences of
neighbouring pixels, as edges have, vanish in the comparison, which looks at mean colours of small squares.
"""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph
from PIL import Image, ImageChops
from playwright.async_api import Page, Route

ACCEPTED = Path(__file__).parent / "pictures"
LATEST = Path(__file__).parents[2] / ".screenshots"
SQUARE = 4
"""Pixels on each side of a square whose mean colour is compared."""
NOTICED = 16
"""A mean that differs by more in red, green or blue, of 255, is a difference."""
TOLERATED = 0.001
"""The part of all squares that may differ."""
FONT = "blocks.ttf"
STYLE = f"""
@font-face {{ font-family: "Blocks"; src: url("/static/{FONT}"); }}
*, ::before, ::after {{
  font-family: "Blocks" !important;
  letter-spacing: 0 !important;
  text-rendering: geometricPrecision !important; /* or each browser rounds widths in its way */
}}
.tm-top {{ position: static !important; }}
"""
UNITS = 1000
CHARACTERS = (*range(0x20, 0x17F), *range(0x2010, 0x2060), *range(0x2190, 0x2800), *range(0xE000, 0xE010))


@dataclass(frozen=True)
class Difference:
    """How far a photograph is from the accepted one: the part of its squares that differ, or another size."""

    part: float
    size: tuple[int, int] | None = None

    @property
    def noticed(self) -> bool:
        """Whether it is more than machines differ."""
        return self.size is not None or self.part > TOLERATED


def difference(accepted: Image.Image, latest: Image.Image) -> Difference:
    """Compare two photographs."""
    if accepted.size != latest.size:
        return Difference(1.0, latest.size)
    small = accepted.width // SQUARE, accepted.height // SQUARE
    one, other = (image.convert("RGB").resize(small, Image.Resampling.BOX) for image in (accepted, latest))
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    differ = sum(count for level, count in enumerate(most.histogram()) if level > NOTICED)
    return Difference(differ / (small[0] * small[1]))


async def with_blocks(page: Page) -> None:
    """Give every page that is opened from now on the font of rectangles."""

    async def style(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=await answer.text() + STYLE)

    async def font(route: Route) -> None:
        await route.fulfill(body=blocks(), content_type="font/ttf")

    await page.route("**/own/design.css*", style)
    await page.route(f"**/{FONT}", font)


@cache
def blocks() -> bytes:
    """A font in which every character is a rectangle, 0.5 em wide and 0.5 em high."""
    builder = FontBuilder(UNITS, isTTF=True)
    names = [".notdef", "space", "block"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({code: "space" if code in {0x20, 0xA0} else "block" for code in CHARACTERS})
    builder.setupGlyf({name: TTGlyphPen(None).glyph() if name == "space" else _rectangle() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 60)))
    builder.setupHorizontalHeader(ascent=900, descent=-300)
    builder.setupOS2(sTypoAscender=900, sTypoDescender=-300, usWinAscent=900, usWinDescent=300)
    builder.setupNameTable({"familyName": "Blocks", "styleName": "Regular"})
    builder.setupPost()
    made = BytesIO()
    builder.save(made)
    return made.getvalue()


def _rectangle() -> Glyph:
    pen = TTGlyphPen(None)
    for number, corner in enumerate(((60, 0), (60, 500), (440, 500), (440, 0))):
        (pen.lineTo if number else pen.moveTo)(corner)
    pen.closePath()
    return pen.glyph()


def check(name: str, photograph: bytes) -> None:
    """Compare with the accepted photograph of that name; raises AssertionError naming both files."""
    LATEST.mkdir(exist_ok=True)
    latest, accepted = LATEST / f"{name}.png", ACCEPTED / f"{name}.png"
    latest.write_bytes(photograph)
    assert accepted.is_file(), f"nothing is accepted yet; if {latest} is right, copy it to {ACCEPTED}"
    with Image.open(accepted) as one, Image.open(BytesIO(photograph)) as other:
        found = difference(one, other)
    assert not found.noticed, f"{name} looks different ({found}): compare {latest} with {accepted}"
