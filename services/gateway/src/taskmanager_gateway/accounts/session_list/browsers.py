"""From what a browser calls itself (`User-Agent`) to the name people know it by. Pure.

Five browsers and five systems are told apart, which is what a list of one's own log-ins needs; a library
for this brings a thousand regular expressions. What it says is the browser's word and proves nothing.
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
"""What stands in it -> the browser; others claim to be Chrome and Safari, so these come last."""
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str | None:
    """The browser's name; None for one that is not known, or another program."""
    return _first(agent, _BROWSERS)


def system_of(agent: str) -> str | None:
    """The name of the system it runs on; None if that is not known."""
    return _first(agent, _SYSTEMS)


def _first(agent: str, known: Sequence[tuple[str, str]]) -> str | None:
    return next((name for sign, name in known if sign in agent), None)
