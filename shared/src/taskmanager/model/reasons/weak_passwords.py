"""Why a password is not allowed."""

from taskmanager.model.reasons.catalogue import Family

WEAKNESSES = Family("password", "Why a password may not be chosen.")
_code = WEAKNESSES.code

PASSWORDS_DIFFER = _code("passwords_differ", "the two new passwords differ")
TOO_SHORT = _code(
    "too_short", "the password is too short: at least %(least)s characters, for example a few words"
)
TOO_LONG = _code("too_long", "the password is too long: at most %(most)s characters")
LIKE_THE_NAME = _code("like_the_name", "the password is little more than the user's name: choose another one")
TOO_EASY = _code(
    "too_easy", "the password is too easy to guess: choose one that is not common and repeats nothing"
)
NO_NEW_PASSWORD = _code("no_new_password", "this is the old password: choose another one")
