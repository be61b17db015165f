"""The texts of process log entries: a template with named placeholders, filled from the stored job."""

import string
from typing import Annotated

from pydantic import AfterValidator

PLACES = (
    "plugin",
    "title",
    "job",
    "files",
    "volume",
    "duration",
    "error",
    "warnings",
    "reason",
    "by",
    "process_title",
    "template",
    "source",
    "destination",
)
"""What a template may name in braces."""


def checked_template(text: str) -> str:
    """The same text; raises ValueError for an unknown placeholder or unbalanced braces."""
    try:
        places = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(f"the braces do not match ({error}); write {{{{ and }}}} for braces") from error
    unknown = [name for name in places if name not in PLACES]
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is not known; known are {', '.join(PLACES)}")
    return text


EntryTemplate = Annotated[str, AfterValidator(checked_template)]
"""For example `{plugin}: {files} files, {volume}, in {duration}`."""
