"""Maps a browser's `User-Agent` to the name people know it by. Pure.

Five browsers and five systems are told apart, which is what a list of one's own log-ins needs; a library for
this brings a thousand regular expressions. The header is whatever the browser claims and proves nothing.
"""

from collections.abc import Sequence

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Text in the header -> browser; Chrome and Safari come last, because others claim to be them."""
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str | None:
    """The browser's name; None if it is unknown or another program."""
    return _first(agent, _BROWSERS)


def system_of(agent: str) -> str | None:
    """The name of the system it runs on; None if that is unknown."""
    return _first(agent, _SYSTEMS)


def _first(agent: str, known: Sequence[tuple[str, str]]) -> str | None:
    return next((name for sign, name in known if sign in agent), None)
