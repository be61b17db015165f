"""The parts and sizes that are chosen on the command line."""

from collections.abc import Iterator

import pytest
from tests.bench.options import parsed
from tests.bench.parts import Bench, CurveSizes, Part
from tests.bench.report.figures import Figure


def _nothing(_: Bench) -> Iterator[Figure]:
    yield from ()


PARTS = {
    "submit": Part(_nothing, 1),
    "curve": Part(_nothing, 9),
    "flame": Part(_nothing, 1, by_name_only=True),
}


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], ["submit", "curve"]),
        (["--flame"], ["submit", "curve", "flame"]),
        (["flame"], ["flame"]),
        (["curve", "submit"], ["submit", "curve"]),
        (["submit", "--flame"], ["submit", "flame"]),
    ],
)
def test_flame_graphs_are_recorded_only_if_asked_for(arguments: list[str], chosen: list[str]) -> None:
    assert parsed(arguments, PARTS, None).only == chosen


def test_the_curve_has_sizes_of_its_own() -> None:
    options = parsed(["curve", "--curve-stored", "1000,0,1000"], PARTS, None)

    assert options.curve == CurveSizes(stored=(0, 1000))


def test_no_more_plugins_can_be_measured_than_there_are() -> None:
    with pytest.raises(ValueError, match="nine"):
        parsed(["--curve-plugins", "1,10"], PARTS, None)
