"""Which pages are generated, entirely or below a hand-written introduction."""

from collections.abc import Callable, Mapping

from deploy.reference import command_line, messages, metrics, settings

from taskmanager.model import states
from taskmanager_gateway.api import reasons_document as reasons

MARK = "<!-- From here on this page is made from the code by `make docs`; do not edit it here. -->"
WHOLE: Mapping[str, Callable[[], str]] = {
    "reasons.md": reasons.document,
    "state-machine.md": states.document,
    "taskmanager.1": command_line.manual,
}
"""The text of each page by its name in `docs/`."""
BELOW: Mapping[str, Callable[[], str]] = {
    "command-line.md": command_line.document,
    "messages.md": messages.document,
    "metrics.md": metrics.document,
    "settings.md": settings.document,
}
"""What follows the mark in each page."""
PAGES = (*WHOLE, *BELOW)


def renewed(name: str, page: str) -> str:
    """The page as generated from the code; `page` is its current text. Raises ValueError without the mark."""
    if name in WHOLE:
        return WHOLE[name]()
    introduction, mark, _ = page.partition(MARK)
    if not mark:
        message = f"{name} has lost its mark: {MARK}"
        raise ValueError(message)
    return f"{introduction}{mark}\n\n{BELOW[name]()}"
