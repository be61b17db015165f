"""Rates and costs of a run."""

from tests.bench.stage.run import Run

RUN = Run(jobs=2000, submit_seconds=2, seconds=4, processor={"gateway": 1.0, "mongod": 0.5})


def test_the_rate_counts_until_all_are_done_and_the_rate_of_submitting_until_all_are_answered() -> None:
    assert RUN.rate == 500
    assert RUN.submit_rate == 1000


def test_the_cost_of_a_job_is_told_by_process_and_in_all() -> None:
    assert RUN.cost == {"gateway": 0.5, "mongod": 0.25, "all": 0.75}
