"""All drawn files: the same bytes in every run."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from tests.images.corpus import (
    jpeg,
    jpeg2000,
    others,
    png,
    tiff_broken,
    tiff_colour,
    tiff_pages,
    tiff_samples,
    tiff_storage,
)
from tests.images.oracle import BITS_MAX
from tests.images.targets import CONVERTED, FOR_LARGE, MAIN, Target
from tests.images.truth import Case, Colour, Extra, Numbers

PARTS: Final = (tiff_samples, tiff_storage, tiff_colour, tiff_pages, tiff_broken, png, jpeg, jpeg2000, others)


@cache
def drawn() -> tuple[Case, ...]:
    """Every case, drawn once."""
    return draw()


def draw() -> tuple[Case, ...]:
    """Draw every case."""
    cases = tuple(case for part in PARTS for case in part.cases())
    names = [case.name for case in cases]
    double = {name for name in names if names.count(name) > 1}
    assert not double, f"two files of the same name: {double}"
    return cases


def chosen(of_each: int = 2) -> list[Case]:
    """The representative cases, only a few of each kind."""
    found: dict[str, list[Case]] = {}
    for case in drawn():
        if case.representative:
            found.setdefault(case.kind, []).append(case)
    return [case for cases in found.values() for case in cases[:of_each]]


def targets_of(case: Case) -> Iterator[Target]:
    """The targets a case is tested with."""
    yield from MAIN
    truth = case.truth
    unlike = {Colour.CMYK, Colour.LAB, Colour.YCBCR}
    deep = truth.bits > BITS_MAX or truth.numbers is not Numbers.UNSIGNED
    if deep or truth.colour in unlike or Extra.UNSPECIFIED in truth.extra:
        yield CONVERTED
    if case.large:
        yield from FOR_LARGE
