"""What a job keeps of an error message that is too long for it."""

from taskmanager_plugin_runner.failures import MESSAGE_CHARACTERS, job_error


def test_a_message_that_is_too_long_is_cut_and_says_how_long_it_was() -> None:
    kept = job_error(ValueError("ü" * 10_000_000)).message

    assert len(kept) == MESSAGE_CHARACTERS - 1
    assert kept.startswith("üüü")
    assert kept.endswith("… [the first of 10,000,000 characters; more of them in the log]")


def test_a_message_that_fits_is_kept_as_it_is() -> None:
    message = "x" * MESSAGE_CHARACTERS

    assert job_error(ValueError(message)).message == message
