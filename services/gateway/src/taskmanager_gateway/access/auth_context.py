"""What is known about the caller, kept with the request, and how routes get at it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from taskmanager.model.access import NOBODY, Principal, User
from taskmanager_gateway.access.sessions import Session, SessionCookies
from taskmanager_gateway.http.problems import Problem

ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The session a request belongs to."""

    session: Session
    user: User
    cookies: SessionCookies
    fresh: bool = True
    """Whether the log-in is recent enough to change what others may do."""


@dataclass(frozen=True, slots=True)
class AuthContext:
    """Who the caller is, as far as that is proved. `refused`: why the credentials were not accepted."""

    principal: Principal = NOBODY
    client: str = ANONYMOUS
    """The namespace of the caller's Idempotency-Keys."""
    logged_in: LoggedIn | None = None
    refused: Problem | None = None


UNPROVED = AuthContext()


def auth_context_of(request: Request) -> AuthContext:
    """What the authentication middleware found out."""
    proof: AuthContext = request.state.proof
    return proof


def address_of(request: Request) -> str:
    """The client's address, also behind trusted proxies; empty if the connection has no network address."""
    return request.client.host if request.client else ""


async def caller_of(request: Request) -> Principal:
    """The caller. Checks no right: that is the task of `needs`."""
    return auth_context_of(request).principal


Caller = Annotated[Principal, Depends(caller_of)]


def csrf_token(request: Request) -> str:
    """The token a page sends along with each change; empty if nobody is logged in."""
    logged_in = auth_context_of(request).logged_in
    return logged_in.cookies.csrf_token(logged_in.session) if logged_in else ""
