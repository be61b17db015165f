"""`make fuzz`: feeds drawn files with a few bytes changed to the plugins, in child processes with limits.

Failures are: no answer in time, a crash of the child, an error other than a job error, and a result that
differs from what a second reader sees in the same changed file. Files that cause failures are kept.
"""

import argparse
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.images.attempt import judged, start
from tests.images.corpus.collect import drawn
from tests.images.crew import Crew, Lost
from tests.images.judge import Judgement, Verdict
from tests.images.oracle import Either, Right, expect
from tests.images.samples.opinions import opinion
from tests.images.targets import JPEG, LOSSLESS, Target
from tests.images.truth import Shape

from taskmanager.errors import JobFailedError

_HANDS: Final = 2
_SECONDS: Final = 30.0
_MEMORY: Final = 4 << 30
_HEAD: Final = 400
_INTERESTING: Final = (0, 1, 2, 3, 7, 8, 16, 127, 128, 254, 255)
_WORDS: Final = (0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1_000_000)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file, and the target it is tested with."""

    number: int
    name: str
    data: bytes
    target: Target


def main(arguments: Sequence[str] | None = None) -> int:
    """Try changed files for some time."""
    options = _parser().parse_args(arguments)
    kept = Path(tempfile.mkdtemp(prefix="tm-fuzz-"))
    seen: Counter[Verdict] = Counter()
    for mutant, judgement in run(options.seed, seconds=options.seconds, files=options.files):
        seen[judgement.verdict] += 1
        if judgement.verdict is Verdict.WRONG:
            (kept / mutant.name).write_bytes(mutant.data)
            sys.stdout.write(f"{kept / mutant.name} / {mutant.target.name}: {judgement}\n")
    numbers = ", ".join(f"{count} {verdict}" for verdict, count in seen.items())
    sys.stdout.write(f"{numbers or 'nothing tried'} (seed {options.seed})\n")
    if not seen[Verdict.WRONG]:
        kept.rmdir()
    return int(seen[Verdict.WRONG] > 0)


def run(seed: int, *, seconds: float, files: int) -> Iterator[tuple[Mutant, Judgement]]:
    """Mutants and their results, until the time is up or enough have been tried."""
    end = time.monotonic() + seconds
    with Crew(try_mutant, hands=_HANDS, seconds=_SECONDS, memory_bytes=_MEMORY) as crew:
        source = mutants(seed)
        tried = 0
        while tried < files and time.monotonic() < end:
            batch = [next(source) for _ in range(min(4 * _HANDS, files - tried))]
            tried += len(batch)
            for mutant, answer in zip(batch, crew.do(batch), strict=True):
                lost = isinstance(answer, Lost)
                yield mutant, Judgement(Verdict.WRONG, answer.why) if lost else answer


def mutants(seed: int) -> Iterator[Mutant]:
    """Changed files without end, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    whole = [case for case in drawn() if case.truth.shape in {Shape.WHOLE, Shape.ODD} and not case.large]
    number = 0
    while True:
        case = chance.choice(whole)
        data = bytearray(case.data)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            chance.choice(_CHANGES)(data, chance)
        target = chance.choice((JPEG, LOSSLESS))
        number += 1
        yield Mutant(number, f"{number:06}-{case.name}", bytes(data), target)


def _byte(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] = chance.choice(_INTERESTING)


def _bit(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _word(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice(_WORDS))


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.randrange(1, 9)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = data[at : at + chance.randrange(1, 40)]


_CHANGES: Final[tuple[Callable[[bytearray, random.Random], None], ...]] = (
    *(_byte, _byte, _bit, _bit),
    *(_word, _word, _cut, _remove, _repeat),
)


def _place(data: bytearray, chance: random.Random) -> int:
    """Mostly in the first and last bytes, where headers and directories are."""
    length = max(1, len(data))
    where = chance.random()
    if where < 0.4:
        return chance.randrange(min(_HEAD, length))
    if where < 0.8:
        return length - 1 - chance.randrange(min(_HEAD, length))
    return chance.randrange(length)


def try_mutant(mutant: Mutant) -> Judgement:
    """Run the plugin; a result must show what a second reader sees, if one can read the file."""
    with tempfile.TemporaryDirectory(prefix="tm-fuzz-") as folder:
        source = Path(folder, mutant.name)
        source.write_bytes(mutant.data)
        truth = opinion(source)
        expectation = None if truth is None else expect(truth, mutant.target)
        if isinstance(expectation, Right | Either):
            right = expectation if isinstance(expectation, Right) else expectation.right
            judgement = judged(source, Path(folder, "out"), mutant.target, Either(right, "."))
            return _only_the_picture(judgement)
        return _any_end(source, Path(folder, "out"), mutant.target)


def _only_the_picture(judgement: Judgement) -> Judgement:
    """Only the picture of a corrupted file is compared, since its labels and warnings are unpredictable."""
    about = ("resolution", "profile", "warn", "does not name", "bits instead")
    small = judgement.verdict is Verdict.WRONG and all(
        any(word in part for word in about) for part in judgement.why.split("; ")
    )
    return Judgement(Verdict.UNCOMPARED, judgement.why) if small else judgement


def _any_end(source: Path, output: Path, target: Target) -> Judgement:
    try:
        start(source, output, target)
    except JobFailedError as error:
        return Judgement(Verdict.REFUSED, str(error)[:160])
    except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
        return Judgement(Verdict.WRONG, f"raised {type(error).__name__}: {error}"[:200])
    return Judgement(Verdict.UNCOMPARED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.images.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
