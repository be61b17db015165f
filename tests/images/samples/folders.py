"""The sample files: where they are, what is known about them, and the right outcome for each.

`POINTS` are values that the folders of cases say, as (column, row): (red, green, blue) or (grey,).
"""

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from tests.images.attempt import judged, start
from tests.images.judge import Judgement, Verdict
from tests.images.oracle import Either, Refused, Right, expect
from tests.images.results import Result, read
from tests.images.samples.opinions import opinion
from tests.images.targets import Target

from taskmanager.errors import JobFailedError

Points = Mapping[tuple[int, int], tuple[int, ...]]

_REPOSITORY: Final = Path(__file__).resolve().parents[3]
_IMAGES: Final = frozenset({".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".png", ".webp"})
_LOSSY: Final = 20.0
_HALFTONE: Final = 12.0
"""By which small copies of patterns of black and white dots differ, if they are made by different filters."""
_POINT: Final = 4
_PAGE: Final[Points] = {(10, 10): (21, 28, 24), (60, 45): (127, 127, 127), (110, 80): (233, 226, 230)}
POINTS: Final[Mapping[str, Points]] = {
    "cases/jpeg-padding-before-eoi/0001.jpg": _PAGE,
    "cases/tiff-thumbnail-first/0001.tif": _PAGE,
    "cases/old-style-jpeg-in-tiff/0001.tif": {
        (10, 10): (8, 10, 9),
        (160, 120): (127, 127, 127),
        (300, 200): (239, 212, 227),
    },
}
_MAY_BE_REFUSED: Final = frozenset({"old-style-jpeg-in-tiff", "png-too-wide-error", "tiff-thumbnail-first"})
SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "cases/png-webp-orientation/p6.png": (90, 120),
    "cases/png-webp-orientation/w6.webp": (90, 120),
    "cases/tiff-thumbnail-first/0001.tif": (120, 90),
    "cases/jpeg-small-enlarges/0001.jpg": (120, 90),
    "cases/png-too-wide-error/wide.png": (16500, 8),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample file; `sound` is what its folder's index says, None if it says nothing."""

    root: Path
    path: Path
    sound: bool | None = None

    @property
    def name(self) -> str:
        """Its path below the samples folder."""
        return str(self.path.relative_to(self.root))


def root() -> Path | None:
    """The folder of samples, None if there is none."""
    folder = Path(os.environ.get("TASKMANAGER_SAMPLE_DATA", _REPOSITORY.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def samples() -> Iterator[Sample]:
    """Every image below the folder."""
    folder = root()
    if folder is None:
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _IMAGES and path.is_file():
            yield Sample(folder, path, _status(path))


def _status(path: Path) -> bool | None:
    index = path.with_name("INDEX.tsv")
    if path.parent.parent.name == "cases":
        return True if path.parent.name not in _MAY_BE_REFUSED else None
    if not index.exists():
        return True if "books" in path.parts else None
    with index.open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}
    status = rows.get(path.name, {}).get("status")
    return None if status is None else status == "valid"


def try_sample(task: tuple[Sample, Target]) -> Judgement:
    """Run the plugin on a sample and compare the result with a second opinion, if there is one."""
    sample, target = task
    with tempfile.TemporaryDirectory(prefix="tm-images-") as folder:
        return _try(sample, target, Path(folder, "out"))


def _try(sample: Sample, target: Target, output: Path) -> Judgement:
    truth = opinion(sample.path)
    if truth is None:
        return _not_compared(sample, target, output)
    loss = truth.loss + (_LOSSY if target.lossy else 0.0)
    if target.size is not None and truth.bits == 1:
        loss += _HALFTONE
    expectation = expect(replace(truth, loss=loss), target)
    if isinstance(expectation, Right) and sample.sound is not True:
        expectation = Either(expectation, ".")
    if isinstance(expectation, Refused) and sample.sound is not True:
        expectation = Refused(".")
    judgement = judged(sample.path, output, target, expectation)
    return _with_points(sample, target, output, judgement)


def _not_compared(sample: Sample, target: Target, output: Path) -> Judgement:
    try:
        start(sample.path, output, target)
    except JobFailedError as error:
        return Judgement(Verdict.REFUSED, " ".join(str(error).split())[:160])
    if sample.sound is False:
        return Judgement(Verdict.WRONG, "done, though it is called invalid and no other reader opens it")
    made = read(output / f"{sample.path.stem}{target.suffix}")
    found = _point_faults(sample, target, made)
    return Judgement(Verdict.WRONG, found) if found else Judgement(Verdict.UNCOMPARED)


def _with_points(sample: Sample, target: Target, output: Path, judgement: Judgement) -> Judgement:
    if judgement.verdict is not Verdict.RIGHT:
        return judgement
    found = _point_faults(sample, target, read(output / f"{sample.path.stem}{target.suffix}"))
    return Judgement(Verdict.WRONG, found) if found else judgement


def _point_faults(sample: Sample, target: Target, result: Result) -> str:
    """What the folder of the case says about size and pixels."""
    rows, columns = result.samples.shape[:2]
    wanted = SIZES.get(sample.name)
    if wanted is not None and target.size is None and (columns, rows) != wanted:
        return f"{columns} x {rows} instead of {wanted[0]} x {wanted[1]}"
    if target.lossy or target.size is not None:
        return ""
    for (x, y), colour in POINTS.get(sample.name, {}).items():
        seen = result.samples[y, x] * 255 / (2**result.bits - 1)
        if seen.shape != (len(colour),) or np.abs(seen - np.array(colour)).max() > _POINT:
            return f"{seen.round().astype(int).tolist()} instead of {colour} at {x}, {y}"
    return ""
