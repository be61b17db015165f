"""A system that comes to rest slowly is told from one that does not."""

from tests.soak.settling import Progress


def test_whatever_gets_less_is_progress() -> None:
    progress = Progress(100.0)
    assert progress.stands_for(50, 101.0) == 0
    assert progress.stands_for(49, 180.0) == 0
    assert progress.stands_for(48, 290.0) == 0


def test_a_database_that_does_not_answer_is_no_progress() -> None:
    progress = Progress(100.0)
    assert progress.stands_for(50, 101.0) == 0
    assert progress.stands_for(None, 111.0) == 10
    assert progress.stands_for(49, 121.0) == 0


def test_what_only_goes_up_and_down_is_none() -> None:
    progress = Progress(100.0)
    seconds = [progress.stands_for(left, 100.0 + 10 * look) for look, left in enumerate([5, 4, 5, 4, 6])]
    assert seconds == [0, 0, 10, 20, 30]
