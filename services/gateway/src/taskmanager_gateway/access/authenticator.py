"""Derives the caller from a request's credentials: a token, a session, an open network, or nothing."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.datastructures import Headers

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal, Right, everybody, principal_of_token, principal_of_user
from taskmanager.ports.clock import Clock
from taskmanager_gateway.access.actor import named_actor
from taskmanager_gateway.access.auth_context import ANONYMOUS, UNPROVED, AuthContext, LoggedIn
from taskmanager_gateway.access.directory import Directory
from taskmanager_gateway.access.networks import Network, address_of, holds
from taskmanager_gateway.access.session_use import SessionUses
from taskmanager_gateway.access.sessions import COOKIE, SessionCookies
from taskmanager_gateway.access.settings import AccessMode, AccessSettings
from taskmanager_gateway.access.token_use import TokenUse
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.http.problems import NOT_AUTHENTICATED, STORE_UNAVAILABLE, Problem, ProblemError
from taskmanager_gateway.metrics import LOG_IN_FAILURES

OPEN_PATH = "/itm/service"
OPEN_RIGHTS = frozenset({Right.READ, Right.SUBMIT})
_STORE_AWAY = Problem(STORE_UNAVAILABLE, problems.ASKER_NOT_READ())


@dataclass(frozen=True, slots=True)
class PresentedCredentials:
    """The parts of a request that may identify the caller."""

    path: str
    address: str
    headers: Headers


class Authenticator:
    """Identifies the caller; never raises, because routes that are open to all must be answered anyway."""

    def __init__(
        self,
        settings: AccessSettings,
        directory: Directory,
        use: TokenUse,
        sessions: SessionUses,
        clock: Clock,
    ) -> None:
        """`directory` looks up tokens and sessions; `use` and `sessions` record their use."""
        self._off = settings.access is AccessMode.OFF
        self._open: Sequence[Network] = settings.itm_open_networks
        self._lifetime, self._idle = settings.session_lifetime, settings.session_idle
        self._fresh = timedelta(minutes=settings.fresh_minutes)
        self._directory, self._use, self._sessions, self._clock = directory, use, sessions, clock
        self._cookies: SessionCookies | None = None

    async def prove(self, shown: PresentedCredentials) -> AuthContext:
        """Identify the caller."""
        try:
            if self._off:
                return _anybody(named_actor(shown.headers))
            return await self._proved(shown)
        except ProblemError as error:
            return AuthContext(refused=error.problem)
        except StoreUnavailableError:
            return AuthContext(refused=_STORE_AWAY)

    async def cookies(self) -> SessionCookies:
        """The signer of session cookies; raises StoreUnavailableError."""
        if self._cookies is None:
            self._cookies = SessionCookies(await self._directory.session_key(), self._idle)
        return self._cookies

    async def _proved(self, shown: PresentedCredentials) -> AuthContext:
        authorization = shown.headers.get("authorization")
        if authorization is not None:
            return await self._by_token(authorization, named_actor(shown.headers))
        if cookie := _cookie(shown.headers):
            return await self._by_session(cookie, shown)
        if shown.path == OPEN_PATH and holds(self._open, address_of(shown.address)):
            return AuthContext(Principal(f"itm:{shown.address}", OPEN_RIGHTS))
        return UNPROVED

    async def _by_token(self, authorization: str, for_whom: str | None) -> AuthContext:
        secret, now = _secret(authorization), self._clock.now()
        token = await self._directory.token(secret) if secret else None
        if token is None or not token.usable(now):
            LOG_IN_FAILURES.labels("token").inc()
            return AuthContext(refused=_bad_token(expired=token is not None))
        self._use.note(token.id, now)
        principal = principal_of_token(token)
        shown = replace(principal, name=f"{for_whom} via {principal.name}") if for_whom else principal
        return AuthContext(shown, client=principal.name)

    async def _by_session(self, cookie: str, shown: PresentedCredentials) -> AuthContext:
        cookies = await self.cookies()
        session = cookies.read(cookie)
        if session is None or await self._directory.session_ended(session.id):
            return UNPROVED
        user = await self._directory.user(session.user)
        if user is None or user.disabled or _before(session.begun, user.sessions_from):
            return UNPROVED
        age = self._clock.now() - session.begun
        if age >= self._lifetime:
            return UNPROVED
        self._sessions.note(session, shown.address, shown.headers.get("user-agent", ""))
        return AuthContext(
            principal_of_user(user), user.name, LoggedIn(session, user, cookies, fresh=age < self._fresh)
        )


def _before(begun: datetime, sessions_from: datetime) -> bool:
    return begun < sessions_from


def _anybody(actor: str | None) -> AuthContext:
    return AuthContext(everybody(actor or ANONYMOUS))


def _secret(authorization: str) -> str | None:
    """The bearer token, or the password of any user name for callers that can only put it into a URL."""
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value or None
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        return password or None
    return None


def _cookie(headers: Headers) -> str | None:
    """The session's cookie among all; malformed cookies of other applications on the same host do no harm."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value.strip('"') or None
    return None


def _bad_token(*, expired: bool) -> Problem:
    told = access.TOKEN_ENDED() if expired else access.UNKNOWN_TOKEN()
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="taskmanager", error="invalid_token"'}
    return Problem(NOT_AUTHENTICATED, told, headers=headers)
