"""The command line of `make bench`."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from tests.bench.parts import CurveSizes, Part

DEFAULT_JSON = ".bench/figures.json"
MINUTES = 40.0


def parsed(
    arguments: Sequence[str] | None, parts: Mapping[str, Part], description: str | None
) -> argparse.Namespace:
    """The options; `only` are the chosen parts, `curve` the sizes of the curve."""
    parser = argparse.ArgumentParser("make bench", description=description)
    environment = os.environ.get
    parser.add_argument(
        "only",
        nargs="*",
        choices=[*parts, []],
        help="parts to measure (default: all but `beside`, `partitions` and `flame`)",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=Path(environment("BENCH_JSON", DEFAULT_JSON)),
        help="file for all figures (default: BENCH_JSON, else %(default)s)",
    )
    parser.add_argument("--rounds", type=int, help="runs of which a figure is the median (default: by part)")
    parser.add_argument("--jobs", type=int, default=2000, help="jobs in an end-to-end run")
    parser.add_argument("--stored", type=int, default=1_000_000, help="jobs stored when lists are measured")
    parser.add_argument("--queued", type=int, default=100_000, help="how many of them are waiting")
    parser.add_argument("--pages", type=int, default=24, help="images per image job")
    parser.add_argument("--flame", action="store_true", help="flame graphs into docs/images as well")
    parser.add_argument(
        "--minutes",
        type=float,
        default=MINUTES,
        help="no disturbed part is repeated beyond (default: %(default)s)",
    )
    for each in fields(CurveSizes):
        sizes: tuple[int, ...] = getattr(CurveSizes(), each.name)
        standard = ",".join(map(str, sizes))
        parser.add_argument(
            f"--curve-{each.name}", type=_sizes, default=each.default, help=f"sizes (default: {standard})"
        )
    options = parser.parse_args(arguments)
    options.only = [name for name, part in parts.items() if _chosen(name, part, options)]
    options.curve = CurveSizes(
        **{each.name: getattr(options, f"curve_{each.name}") for each in fields(CurveSizes)}
    )
    return options


def _chosen(name: str, part: Part, options: argparse.Namespace) -> bool:
    if name == "flame" and options.flame:
        return True
    return name in options.only if options.only else not part.by_name_only


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(word) for word in text.split(",")}))
