"""Where Goobi shows a process or a step: an address with named placeholders, filled from a job."""

import string
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator

from taskmanager.model.jobs import GoobiReference

PLACES = ("process_id", "process_title", "step_id")
"""What an address may name in braces."""
STEP = "step_id"
SCHEMES = ("http", "https")
LONGEST = 2_000
"""Characters of a template."""
_PATH_WORDS = frozenset({".", ".."})
"""What a browser would take for a step upwards instead of a name, percent-encoded or not."""


def checked_link(template: str) -> str:
    """The same text; raises ValueError for anything but an http or https address with known placeholders."""
    if len(template) > LONGEST or not template.isprintable() or " " in template:
        raise ValueError(f"must have at most {LONGEST} visible characters and no blanks")
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"the braces do not match ({error}); write {{{{ and }}}} for braces") from error
    for _, name, form, conversion in parts:
        if name is not None and (name not in PLACES or form or conversion):
            raise ValueError(f"{{{name}}} is not known as it is written; known are {', '.join(PLACES)}")
    address = urlsplit(template)
    if address.scheme not in SCHEMES or not address.hostname:
        raise ValueError("must begin with http:// or https:// and a host")
    if "{" in address.netloc:
        raise ValueError("the host must be written out: placeholders are for what follows it")
    if "@" in address.netloc:
        raise ValueError("must hold no name and no password: everyone who sees a job sees the address")
    return template


def checked_process_link(template: str) -> str:
    """The same, for an address of a process, which has no step."""
    if STEP in _named(checked_link(template)):
        raise ValueError(f"{{{STEP}}} is not known for a process: use step_page")
    return template


ProcessLink = Annotated[str, AfterValidator(checked_process_link)]
"""For example `https://goobi.example.org/goobi/process/{process_id}`."""
StepLink = Annotated[str, AfterValidator(checked_link)]
"""The same for a step, with `{step_id}`."""


def filled(template: str | None, reference: GoobiReference) -> str | None:
    """The address for this process or step, every value percent-encoded.

    None without a template, and where the job does not say what the template names.
    """
    if template is None:
        return None
    values: dict[str, str] = {}
    for name in _named(template):
        value = getattr(reference, name)
        if value is None or str(value) in _PATH_WORDS:
            return None
        values[name] = quote(str(value), safe="")
    return template.format_map(values)


def _named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
