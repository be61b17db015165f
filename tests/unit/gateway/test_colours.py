"""The colours of the pages: enough contrast for WCAG 2.2 AA, and statuses that the colour blind tell apart.

They are computed from the style sheet, by the formulas of the standard (WCAG 2.2, "contrast ratio") and of
Machado, Oliveira and Fernandes (2009) for people who lack one kind of cone.
"""

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from taskmanager_gateway import web

STYLE = (Path(web.__file__).parent / "static" / "own" / "design.css").read_text(encoding="utf-8")
SCHEMES = ("light", "dark")
TEXT, GRAPHICS = 4.5, 3.0
"""The least contrast that WCAG 1.4.3 and 1.4.11 ask for."""
APART = 12.0
"""The least distance in CIELAB: twice what one sees at a glance."""
TEXTS = ("bs-body-color", "bs-secondary-color", "bs-link-color", "bs-link-hover-color")
TONES = ("primary", "success", "warning", "danger")
GROUNDS = ("bs-body-bg", "bs-tertiary-bg", "bs-secondary-bg")
STATUSES = ("waiting", "moving", "working", "paused", "done", "failed")
ALIKE = {("moving", "working")}
"""Both say that it goes on."""
SEEN_BY = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopes": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopes": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopes": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, ...]
"""Red, green and blue as intensities of light, 0 to 1."""


def colours(scheme: str) -> dict[str, Colour]:
    block = re.search(rf'\[data-bs-theme="{scheme}"\] \{{(.*?)\}}', STYLE, re.DOTALL)
    assert block is not None
    return {name: light(value) for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1])}


def light(value: str) -> Colour:
    parts = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def contrast(one: Colour, other: Colour) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:

    red, green, blue = colour
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lab(colour: Colour) -> Colour:
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = _luminance(colour)
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (one ** (1 / 3) if one > 0.008856 else 7.787 * one + 16 / 116 for one in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(colour: Colour, by: str) -> Colour:
    return tuple(min(1, max(0, sum(map(float.__mul__, map(float, row), colour)))) for row in SEEN_BY[by])


def test_black_on_white_has_the_contrast_that_the_standard_names() -> None:
    assert contrast(light("#000000"), light("#ffffff")) == pytest.approx(21)
    assert contrast(light("#777777"), light("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_red_and_green_of_one_brightness_are_alike_for_deuteranopes_only() -> None:
    red, green = light("#b05a00"), light("#6b7a00")
    assert math.dist(lab(red), lab(green)) > 3 * APART
    assert math.dist(lab(seen(red, "deuteranopes")), lab(seen(green, "deuteranopes"))) < APART


@pytest.mark.parametrize("scheme", SCHEMES)
def test_texts_are_readable_on_every_ground(scheme: str) -> None:
    known = colours(scheme)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    for tone in TONES:
        own = f"bs-{tone}-text-emphasis", f"bs-{tone}-bg-subtle"
        pairs += [own, ("bs-body-color", own[1]), *((own[0], ground) for ground in GROUNDS)]
    faint = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in pairs}
    assert {pair: found for pair, found in faint.items() if found < TEXT} == {}
    assert contrast(light("#ffffff"), known["bs-primary"]) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dots_and_edges_stand_out(scheme: str) -> None:
    known = colours(scheme)
    drawn = {
        (name, ground): contrast(known[f"tm-{name}"], known[ground])
        for name in (*STATUSES, "cancelled", "edge")
        for ground in GROUNDS[:2]
    }
    assert {pair: found for pair, found in drawn.items() if found < GRAPHICS} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("by", SEEN_BY)
def test_statuses_differ_for(scheme: str, by: str) -> None:
    known = colours(scheme)
    apart = {
        (one, other): math.dist(
            lab(seen(known[f"tm-{one}"], by)),
            lab(seen(known[f"tm-{other}"], by)),
        )
        for one, other in combinations(STATUSES, 2)
        if (one, other) not in ALIKE
    }
    assert {pair: found for pair, found in apart.items() if found < APART} == {}
