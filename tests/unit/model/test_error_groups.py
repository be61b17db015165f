"""Which errors are probably one."""

import pytest

from taskmanager.model.failures.error_groups import CHARACTERS, cleaned, fingerprint
from taskmanager.model.jobs import JobError


def error(message: str, kind: str = "ToolFailedError") -> JobError:
    return JobError(message=message, kind=kind)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "opj_compress ended with exit code 1: 00000012.tif",
            "opj_compress ended with exit code 13: 0001.tif",
        ),
        ("no space left below /opt/goobi/17/images", "no space left below /mnt/other/18/images"),
        ("template 'small' is unknown", "template 'large' is unknown"),
        (
            "job 0190a0b0-0000-7000-8000-000000000001 is gone",
            "job 0190a0b0-ffff-7000-8000-00000000000a is gone",
        ),
        ("took 1,200.5 s\nthen ended", "took 3 s then  ended"),
        ("The disk is full", "the disk is FULL"),
    ],
)
def test_messages_that_differ_in_names_and_numbers_are_one(one: str, other: str) -> None:
    assert fingerprint(error(one)) == fingerprint(error(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (error("the disk is full"), error("the disk is broken")),
        (error("the disk is full"), error("the disk is full", "OSError")),
        (error("no profile"), error("no resolution")),
    ],
)
def test_others_are_not(one: JobError, other: JobError) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_a_message_of_any_length_is_read_in_a_moment() -> None:
    long = "'" * 1_000_000
    assert len(cleaned(long)) <= CHARACTERS
    assert cleaned("a" * 1_000_000 + "b") == cleaned("a" * 1_000_000 + "c")
