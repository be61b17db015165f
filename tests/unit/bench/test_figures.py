"""What the measurements say is computed here; that must be right before any number is believed."""

from tests.bench.report.figures import at_least, at_most, figure, percentile, rounded, table


def test_a_figure_is_the_median_of_its_runs() -> None:
    assert figure("rate", [1.0, 900.0, 2.0], "jobs/s").line() == "rate 2 jobs/s"


def test_a_target_is_met_at_its_limit() -> None:
    assert figure("ratio", 2.0, "x", at_least(2)).met
    assert figure("wait", 50.0, "ms", at_most(50)).met
    assert figure("wait", 50.1, "ms", at_most(50)).met is False
    assert figure("wait", 50.1, "ms").met is None


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]

    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile([7.0], 99) == 7


def test_numbers_are_shown_with_three_digits_that_mean_something() -> None:
    assert [rounded(value) for value in (0.01234, 1.234, 98.76, 1234.5)] == ["0.0123", "1.23", "98.8", "1234"]


def test_only_figures_with_a_target_are_in_the_table() -> None:
    shown = table([figure("rate", 3.0, "jobs/s"), figure("ratio", 1.5, "x", at_least(2))])

    assert "rate" not in shown
    assert shown.splitlines()[-1].split() == ["ratio", "1.5", "x", ">=", "2", "NO"]
