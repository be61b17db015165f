"""Checks that a form comes from our own pages where no session proves it: at log-in, or with access off."""

from urllib.parse import urlsplit

from starlette.requests import Request

from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import CSRF, ProblemError


def check_origin(request: Request) -> None:
    """Raise ProblemError if the browser says that another site's page sent the request.

    Clients other than browsers send neither header and are accepted: they have no user to deceive.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise ProblemError(CSRF, access.OTHER_SITE())
