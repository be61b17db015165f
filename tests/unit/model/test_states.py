"""The states of a job and the page made from them."""

from pathlib import Path

from taskmanager.model.states import MEANING, MOVES, RUNNING, Status, Tab, document

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_in_docs_is_made_from_the_code() -> None:
    assert (DOCS / "state-machine.md").read_text(encoding="utf-8") == document(), "run `make docs`"


def test_done_is_never_left() -> None:
    assert not [move for move in MOVES if move.source is Status.DONE]


def test_every_status_is_explained_and_reachable() -> None:
    assert set(MEANING) == set(Status) == {move.target for move in MOVES}


def test_running_jobs_are_in_the_queue_tab() -> None:
    assert {status.tab for status in RUNNING} == {Tab.QUEUE}


def test_a_job_whose_results_are_being_placed_cannot_be_cancelled() -> None:
    assert not [move for move in MOVES if (move.source, move.target) == (Status.DOWNLOAD, Status.CANCELLED)]
