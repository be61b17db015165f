"""What the pages for a user's own second factor have in common."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import User
from taskmanager_gateway.access.auth_context import auth_context_of
from taskmanager_gateway.access.requirements import SAFE, log_in_first
from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    FRESH_LOG_IN,
    NOT_AUTHENTICATED,
    WRONG_PROOF,
    Problem,
    ProblemError,
)
from taskmanager_gateway.web.shell.render import page


async def owner(request: Request) -> User:
    """The user, who manages their own second factor; raises ProblemError for those who cannot have one."""
    logged_in = auth_context_of(request).logged_in
    if logged_in is None or logged_in.user.password_hash is None:
        raise ProblemError(FORBIDDEN, access.NO_FACTOR())
    return logged_in.user


async def owner_lately_in(request: Request) -> User:
    """The same; users who have a second factor must have logged in recently to change it.

    Raises ElsewhereFirstError, which redirects to the log-in, or ProblemError if a form was sent.
    """
    user, logged_in = await owner(request), auth_context_of(request).logged_in
    if user.second_factor is None or (logged_in is not None and logged_in.fresh):
        return user
    if request.method not in SAFE:
        raise ProblemError(FRESH_LOG_IN, access.LOG_IN_FIRST())
    raise log_in_first(request)


def told_of_slip(error: ProblemError) -> Problem:
    """The problem to show: a wrong password or code is not a 401 here, because the user is logged in."""
    problem = error.problem
    if problem.kind is not NOT_AUTHENTICATED:
        return problem
    wrong_password = problem.told.code == access.WRONG_PASSWORD().code
    return Problem(WRONG_PROOF, access.NOT_THE_PASSWORD() if wrong_password else problem.told)


Owner = Annotated[User, Depends(owner)]
OwnerLatelyIn = Annotated[User, Depends(owner_lately_in)]


async def recovery_codes(request: Request, codes: Sequence[str], *, stored: bool) -> Response:
    """The page that shows recovery codes, once; `stored`: the scheduler has yet to carry out the command."""
    return await page(request, "access/recovery_codes.html", {"codes": codes, "stored": stored})
