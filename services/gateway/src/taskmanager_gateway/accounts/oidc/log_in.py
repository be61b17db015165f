"""The steps of a log-in by OpenID Connect, in order."""

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from taskmanager.model.access import User
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.access.oidc_settings import OidcSettings
from taskmanager_gateway.accounts.oidc.attempt import LogInAttempt
from taskmanager_gateway.accounts.oidc.identity import identity_of, lacks
from taskmanager_gateway.accounts.oidc.provisioning import UserProvisioning
from taskmanager_gateway.accounts.oidc.refusals import OidcError

if TYPE_CHECKING:
    from taskmanager_gateway.accounts.oidc.provider import Description, Provider

BACK = "/log-in/oidc/back"

log = get_logger(__name__)


class Oidc:
    """Logs users in by OpenID Connect; every method may raise OidcError and StoreUnavailableError."""

    def __init__(
        self, settings: OidcSettings, provider: "Provider", entering: UserProvisioning, directory: Directory
    ) -> None:
        """`directory` provides the key that attempts are signed with."""
        self._settings, self._provider = settings, provider
        self._entering, self._directory = entering, directory

    @property
    def name(self) -> str:
        """The provider's name on the log-in button."""
        return self._settings.oidc_name

    @property
    def groups(self) -> list[str]:
        """The groups that grant a role."""
        return list(self._settings.oidc_groups.values())

    def redirect_uri(self, origin: str) -> str:
        """Where the provider sends the browser back to; `origin` is the one the request was sent to."""
        return (self._settings.public_url or origin).rstrip("/") + BACK

    async def begin(self, origin: str, target: str) -> tuple[str, str]:
        """The provider's address to send the browser to, and the cookie it has to bring back."""
        attempt = LogInAttempt.begin(await self._directory.session_key(), target)
        address = await self._provider.authorization_address(attempt, self.redirect_uri(origin))
        return address, attempt.write()

    async def end(self, origin: str, cookie: str, answer: Mapping[str, str]) -> tuple[User, str]:
        """The user who logged in, and where to go next; `answer` holds the provider's query parameters."""
        attempt = LogInAttempt.read(await self._directory.session_key(), cookie)
        if attempt is None:
            raise OidcError(OidcRefusal.NO_ATTEMPT, "there is no cookie of a log-in, or an old one")
        _check_answer(answer, attempt, await self._provider.description())
        tokens = await self._provider.redeem(answer["code"], attempt, self.redirect_uri(origin))
        claims = tokens.claims
        if lacks(claims, self._settings):
            claims = await self._provider.more_claims(tokens)
        user = await self._entering.enter(identity_of(claims, self._settings))
        log.info("logged_in_by_oidc", user=user.name, role=user.role.value)
        return user, attempt.target


def _check_answer(answer: Mapping[str, str], attempt: LogInAttempt, provider: "Description") -> None:
    """Raise OidcError unless this is the answer to the attempt and holds a code."""
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise OidcError(OidcRefusal.OTHER_STATE, "the state is not that of this browser's log-in")
    issuer = answer.get("iss")
    wanted = provider.authorization_response_iss_parameter_supported
    if (issuer is not None or wanted) and issuer != provider.issuer:  # RFC 9207
        raise OidcError(OidcRefusal.OTHER_ISSUER, "the answer comes from another issuer")
    if "error" in answer:
        said = answer["error"][:60] if answer["error"].isprintable() else ""
        raise OidcError(OidcRefusal.DENIED, f"the provider says {said!r}")
    if not answer.get("code"):
        raise OidcError(OidcRefusal.NO_CODE, "the provider sent no code")


def make_oidc(settings: OidcSettings, entering: UserProvisioning, directory: Directory) -> Oidc | None:
    """None if OpenID Connect is not configured. Raises OSError if the CA file cannot be read."""
    if not settings.oidc_issuer:
        return None
    from taskmanager_gateway.accounts.oidc.provider import Provider  # noqa: PLC0415 - its libraries take 10 MB, and most gateways do not need it

    return Oidc(settings, Provider(settings), entering, directory)
