"""A choice of the drawn images through the plugins, compared with what was drawn (all: `make images`)."""

import pytest
from tests.images import fuzz
from tests.images.attempt import attempt
from tests.images.corpus.collect import chosen
from tests.images.judge import Verdict
from tests.images.targets import JPEG, LOSSLESS, Target
from tests.images.truth import Case


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
