"""A log-in by OpenID Connect that is refused: why, and which text and status the person gets."""

from enum import StrEnum

from taskmanager.errors import TaskManagerError
from taskmanager.model.reasons.oidc_refusals import OidcRefusal


class RefusalPage(StrEnum):
    """What the person can do about a refusal; the page has a text for each."""

    PROVIDER_AWAY = "provider-away"
    """The provider does not answer, or not correctly."""
    NOT_BEGUN = "not-begun"
    """This browser did not begin this log-in, or began it too long ago."""
    DENIED = "denied"
    """The provider refused the log-in."""
    NOT_PROVED = "not-proved"
    """What the provider sent is not valid: a used code, a wrong signature, issuer, audience or nonce."""
    NO_NAME = "no-name"
    NO_GROUP = "no-group"
    LOCAL_USER = "local-user"
    """A user with a password has the name."""
    DISABLED = "disabled"
    NOT_CHANGED = "not-changed"
    """The scheduler refuses the change: the last admin must remain one."""
    TRY_LATER = "try-later"
    """Users cannot be added or changed at present."""

    @property
    def status(self) -> int:
        """The status of the HTTP response."""
        return _STATUS.get(self, 403)


_STATUS = {
    RefusalPage.PROVIDER_AWAY: 502,
    RefusalPage.NOT_BEGUN: 400,
    RefusalPage.NOT_CHANGED: 409,
    RefusalPage.TRY_LATER: 503,
}
_PAGES = {
    OidcRefusal.NO_ATTEMPT: RefusalPage.NOT_BEGUN,
    OidcRefusal.OTHER_STATE: RefusalPage.NOT_BEGUN,
    OidcRefusal.OTHER_ISSUER: RefusalPage.NOT_PROVED,
    OidcRefusal.DENIED: RefusalPage.DENIED,
    OidcRefusal.NO_CODE: RefusalPage.NOT_PROVED,
    OidcRefusal.CODE_REFUSED: RefusalPage.NOT_PROVED,
    OidcRefusal.OTHER_PERSON: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_INVALID: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_NOT_SIGNED: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_UNKNOWN_KEY: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_SIGNATURE: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_ISSUER: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_AUDIENCE: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_EXPIRED: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_EARLY: RefusalPage.NOT_PROVED,
    OidcRefusal.TOKEN_NONCE: RefusalPage.NOT_PROVED,
    OidcRefusal.NO_NAME: RefusalPage.NO_NAME,
    OidcRefusal.NO_GROUP: RefusalPage.NO_GROUP,
    OidcRefusal.LOCAL_USER: RefusalPage.LOCAL_USER,
    OidcRefusal.DISABLED: RefusalPage.DISABLED,
    OidcRefusal.LAST_ADMIN: RefusalPage.NOT_CHANGED,
    OidcRefusal.BROKER_AWAY: RefusalPage.TRY_LATER,
    OidcRefusal.NOT_DONE_YET: RefusalPage.TRY_LATER,
    OidcRefusal.CHANGED_MEANWHILE: RefusalPage.TRY_LATER,
}
"""All others mean that the provider does not work as it should."""


class OidcError(TaskManagerError):
    """A log-in by OpenID Connect failed. Its text is for the log and holds no secret."""

    def __init__(self, refusal: OidcRefusal, detail: str, name: str = "") -> None:
        """`name` is the user's, if it is known."""
        super().__init__(detail)
        self.refusal, self.name = refusal, name

    @property
    def page(self) -> RefusalPage:
        """Which text the person gets."""
        return _PAGES.get(self.refusal, RefusalPage.PROVIDER_AWAY)
