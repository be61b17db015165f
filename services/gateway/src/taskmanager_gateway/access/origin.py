"""Whether a form comes from a page of ours, where no session proves it: log-in, and where nobody logs in."""

from urllib.parse import urlsplit

from starlette.requests import Request

from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import CSRF, ProblemError


def check_origin(request: Request) -> None:
    """Raise ProblemError if the browser says that a page of another site sent the request.

    Programs that are no browser send neither header and are believed: they have no user to deceive.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise ProblemError(CSRF, access.OTHER_SITE())
