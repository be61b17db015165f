"""What is known of who asks, kept with the request; and how routes get at it."""

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
    """Whether the log-in was lately enough to change what others may do."""


@dataclass(frozen=True, slots=True)
class AuthContext:
    """Who asks, as far as it is proved. `refused`: what was shown proves nothing, and why."""

    principal: Principal = NOBODY
    client: str = ANONYMOUS
    """In whose name Idempotency-Keys count."""
    logged_in: LoggedIn | None = None
    refused: Problem | None = None


UNPROVED = AuthContext()


def auth_context_of(request: Request) -> AuthContext:
    """What the gate found out."""
    proof: AuthContext = request.state.proof
    return proof


def address_of(request: Request) -> str:
    """Where the request came from, behind trusted proxies too; empty where that is no network."""
    return request.client.host if request.client else ""


async def asker_of(request: Request) -> Principal:
    """Who asks. Checks no right: that is `needs`' business."""
    return auth_context_of(request).principal


Asker = Annotated[Principal, Depends(asker_of)]


def csrf_token(request: Request) -> str:
    """What a page sends along with each change; empty where nobody is logged in."""
    logged_in = auth_context_of(request).logged_in
    return logged_in.cookies.csrf_token(logged_in.session) if logged_in else ""
