"""Why somebody does not get in by OpenID Connect; the pages have the words."""

from enum import StrEnum

from taskmanager.errors import TaskManagerError


class Refusal(StrEnum):
    """What the person is told."""

    PROVIDER_AWAY = "provider-away"
    """It does not answer, or not as it should."""
    NOT_BEGUN = "not-begun"
    """This browser began no log-in, or another one, or too long ago."""
    DENIED = "denied"
    """The provider says no."""
    NOT_PROVED = "not-proved"
    """What the provider sent proves nothing: a used code, a wrong signature, issuer, audience or nonce."""
    NO_NAME = "no-name"
    NO_GROUP = "no-group"
    LOCAL_USER = "local-user"
    """Somebody with a password has the name."""
    DISABLED = "disabled"
    NOT_CHANGED = "not-changed"
    """The scheduler refuses to make the user so: the last admin stays one."""
    TRY_LATER = "try-later"
    """Users cannot be added or changed at present."""

    @property
    def status(self) -> int:
        """Of the HTTP answer."""
        return _STATUS.get(self, 403)


_STATUS = {
    Refusal.PROVIDER_AWAY: 502,
    Refusal.NOT_BEGUN: 400,
    Refusal.NOT_CHANGED: 409,
    Refusal.TRY_LATER: 503,
}


class OidcError(TaskManagerError):
    """A log-in by OpenID Connect ends here. Its text is for the log and holds no secret."""

    def __init__(self, refusal: Refusal, detail: str, name: str = "") -> None:
        """`name` is that of the user, as far as it is known."""
        super().__init__(detail)
        self.refusal, self.name = refusal, name
