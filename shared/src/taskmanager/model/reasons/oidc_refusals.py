"""Why a log-in by OpenID Connect was refused: a closed set, which gateways report and the audit keeps.

The sentences take no parameters: nothing that the provider or the browser sent gets into the audit this way.
"""

from collections.abc import Mapping
from enum import StrEnum, auto

from taskmanager.model.reasons.catalogue import Code, Family

OIDC_REFUSALS = Family("oidc", "Why a log-in by OpenID Connect was refused.")


class OidcRefusal(StrEnum):
    """The reasons, by where the log-in ended."""

    NO_ATTEMPT = auto()
    OTHER_STATE = auto()
    OTHER_ISSUER = auto()
    """See RFC 9207."""
    DENIED = auto()
    NO_CODE = auto()

    NO_ANSWER = auto()
    ERROR_STATUS = auto()
    NOT_JSON = auto()
    TOO_LONG = auto()
    BAD_METADATA = auto()
    METADATA_ISSUER = auto()
    METADATA_NOT_HTTPS = auto()
    NO_KEYS = auto()
    CODE_REFUSED = auto()
    CLIENT_REFUSED = auto()
    NO_ID_TOKEN = auto()
    OTHER_PERSON = auto()

    TOKEN_INVALID = auto()
    TOKEN_NOT_SIGNED = auto()
    TOKEN_UNKNOWN_KEY = auto()
    TOKEN_SIGNATURE = auto()
    TOKEN_ISSUER = auto()
    TOKEN_AUDIENCE = auto()
    TOKEN_EXPIRED = auto()
    TOKEN_EARLY = auto()
    TOKEN_NONCE = auto()

    NO_NAME = auto()
    NO_GROUP = auto()
    LOCAL_USER = auto()
    DISABLED = auto()
    LAST_ADMIN = auto()
    BROKER_AWAY = auto()
    NOT_DONE_YET = auto()
    CHANGED_MEANWHILE = auto()


_SENTENCES = {
    OidcRefusal.NO_ATTEMPT: "no log-in was in progress in this browser, or it was started too long ago",
    OidcRefusal.OTHER_STATE: "the response belongs to another log-in: its state is not that of this browser",
    OidcRefusal.OTHER_ISSUER: "the response came from another identity provider",
    OidcRefusal.DENIED: "the identity provider refused the log-in",
    OidcRefusal.NO_CODE: "the response of the identity provider contained no code",
    OidcRefusal.NO_ANSWER: "the identity provider did not answer",
    OidcRefusal.ERROR_STATUS: "the identity provider answered with an error",
    OidcRefusal.NOT_JSON: "the identity provider answered without a JSON object",
    OidcRefusal.TOO_LONG: "the response of the identity provider was too long",
    OidcRefusal.BAD_METADATA: "the identity provider's metadata are incomplete or wrong",
    OidcRefusal.METADATA_ISSUER: (
        "the identity provider's metadata name another issuer than the one configured here"
    ),
    OidcRefusal.METADATA_NOT_HTTPS: "the identity provider's metadata name an address that is not https",
    OidcRefusal.NO_KEYS: "the identity provider publishes no usable key",
    OidcRefusal.CODE_REFUSED: "the identity provider did not accept the code: it may have been used before",
    OidcRefusal.CLIENT_REFUSED: "the identity provider did not exchange the code for tokens",
    OidcRefusal.NO_ID_TOKEN: "the identity provider sent no ID token",
    OidcRefusal.OTHER_PERSON: "the ID token and the user info were about different people",
    OidcRefusal.TOKEN_INVALID: "the ID token was malformed, or lacked a claim",
    OidcRefusal.TOKEN_NOT_SIGNED: "the ID token was not signed with a public key",
    OidcRefusal.TOKEN_UNKNOWN_KEY: "the ID token was signed with a key that is not published",
    OidcRefusal.TOKEN_SIGNATURE: "the signature of the ID token was wrong",
    OidcRefusal.TOKEN_ISSUER: "the ID token was issued by another identity provider",
    OidcRefusal.TOKEN_AUDIENCE: "the ID token was made for another client",
    OidcRefusal.TOKEN_EXPIRED: "the ID token had expired",
    OidcRefusal.TOKEN_EARLY: "the ID token was not valid yet: the clocks may differ",
    OidcRefusal.TOKEN_NONCE: "the ID token belongs to another log-in: its nonce does not match this one's",
    OidcRefusal.NO_NAME: "the identity provider sent no name that can be used here",
    OidcRefusal.NO_GROUP: "the user is in none of the groups that may log in here",
    OidcRefusal.LOCAL_USER: "a user of that name with a password already exists here",
    OidcRefusal.DISABLED: "the user is disabled here",
    OidcRefusal.LAST_ADMIN: "the last admin must remain one: the identity provider's role was not set",
    OidcRefusal.BROKER_AWAY: "the user could not be added or changed: the message broker did not answer",
    OidcRefusal.NOT_DONE_YET: "the scheduler did not add or change the user in time",
    OidcRefusal.CHANGED_MEANWHILE: "somebody else changed the user at the same time",
}
CODES: Mapping[str, Code] = {
    refusal.value: OIDC_REFUSALS.code(refusal, _SENTENCES[refusal]) for refusal in OidcRefusal
}
"""The code for each refusal, by its value."""
