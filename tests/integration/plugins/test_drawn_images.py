"""A choice of the drawn images through the plugins, compared with what was drawn (all: `make images`)."""

import pytest
from tests.images import fuzz
from tests.images.attempt import attempt
from tests.images.corpus.collect import chosen
from tests.images.judge import Verdict
from tests.images.targets import JPEG, LOSSLESS, Target
from tests.images.truth import Case

from taskmanager_plugin_runner.system.memory import PICTURE_MEMORY

MEGABYTES = 1_000
"""What a picture may take. By default it is half of the machine's memory, and one whose header lies fills all
that before it is refused: this takes 20 s, and what is left may be too little for other tests."""


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PICTURE_MEMORY, str(MEGABYTES))


@pytest.mark.parametrize("target", [JPEG, LOSSLESS], ids=lambda target: target.name)
@pytest.mark.parametrize("case", chosen(), ids=lambda case: case.name)
def test_no_picture_is_silently_wrong(case: Case, target: Target) -> None:
    judgement = attempt(case, target)
    assert judgement.verdict in {Verdict.RIGHT, Verdict.REFUSED}, str(judgement)


def test_changed_files_end_with_a_right_picture_or_an_error() -> None:
    ends = list(fuzz.run(seed=11, seconds=100, files=24))
    wrong = [
        f"{mutant.name} {mutant.target.name}: {end}" for mutant, end in ends if end.verdict is Verdict.WRONG
    ]
    assert not wrong
    assert len(ends) == 24
