"""Passwords: what may be chosen, and that only the right one is taken."""

import pytest

from taskmanager.accounts.passwords import (
    LONGEST,
    SHORTEST,
    hash_password,
    needs_rehash,
    one_time_password,
    refusal,
    verify,
)
from taskmanager.model.reasons import Reason, weak_passwords


def test_only_the_password_that_was_hashed_is_taken() -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "horse" not in hashed
    assert verify(hashed, "correct horse battery")
    assert not verify(hashed, "correct horse batterz")
    assert not needs_rehash(hashed)


def test_a_sign_is_the_same_however_it_was_composed() -> None:
    assert verify(hash_password("Zur alten Mu\u0308hle"), "Zur alten M\u00fchle")


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$", "$argon2id$v=19$m=65536,t=3,p=4$x$y"])
def test_what_is_no_hash_takes_no_password(broken: str) -> None:
    assert not verify(broken, "correct horse battery")


def test_a_hash_of_weaker_parameters_is_to_be_made_anew() -> None:
    weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo"
    assert needs_rehash(weak)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "näher mein gott", "seven old scanners hum" * 4]
)
def test_length_is_all_that_counts(password: str) -> None:
    assert refusal(password, "anna") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("a" * (SHORTEST - 1), weak_passwords.TOO_SHORT(least=SHORTEST)),
        ("a" * (LONGEST + 1), weak_passwords.TOO_LONG(most=LONGEST)),
        ("anna.karenina-levin", weak_passwords.LIKE_THE_NAME()),
        ("Anna.Karenina-Levin1", weak_passwords.LIKE_THE_NAME()),
    ],
)
def test_what_is_too_short_too_long_or_the_name_is_refused(password: str, why: Reason) -> None:
    assert refusal(password, "Anna.Karenina-Levin") == why


def test_one_time_passwords_differ_and_may_be_chosen() -> None:
    made = {one_time_password() for _ in range(100)}
    assert len(made) == 100
    assert all(refusal(one, "admin") is None for one in made)


@pytest.mark.parametrize(
    "password",
    [
        *("a" * 15, "a" * LONGEST, "password12345678", "123456789012345", "qwertyuiopasdfgh"),
        *("Butterflygirl-91", "andrewfloppy1959", "ANDREWFLOPPY1959", "yankeestoppdogg40"),
    ],
)
def test_what_is_common_or_repeats_itself_is_refused(password: str) -> None:
    assert refusal(password, "anna") == weak_passwords.TOO_EASY()
