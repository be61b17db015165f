"""Why a log-in by OpenID Connect is refused; the pages hold the texts."""

from enum import StrEnum

from taskmanager.errors import TaskManagerError


class OidcRefusal(StrEnum):
    """The reason that is shown to the person."""

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
    OidcRefusal.PROVIDER_AWAY: 502,
    OidcRefusal.NOT_BEGUN: 400,
    OidcRefusal.NOT_CHANGED: 409,
    OidcRefusal.TRY_LATER: 503,
}


class OidcError(TaskManagerError):
    """A log-in by OpenID Connect failed. Its text is for the log and holds no secret."""

    def __init__(self, refusal: OidcRefusal, detail: str, name: str = "") -> None:
        """`name` is the user's, if it is known."""
        super().__init__(detail)
        self.refusal, self.name = refusal, name
