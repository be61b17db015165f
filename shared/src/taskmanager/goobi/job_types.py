"""The table `[job_types]` of the file about Goobi: which plugin does what callers ask for by a word.

What is not in the table is found by the `job_type` of the installed plugins' manifests.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from taskmanager.model.jobs import PluginName, Record, ShortText

VIEWER = "VIEWER"
"""Job types of the Goobi viewer begin so; their ids are its own and name no process and no step of Goobi."""


class JobType(Record):
    """One entry, such as `JP2 = { plugin = "jp2", template = "lossless" }`."""

    plugin: PluginName
    template: ShortText | None = None
    """For calls that name none, or a dummy."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """For calls that do not set them."""
    ids_of_goobi: bool | None = None
    """Whether the ids in a call are those of a process and step; None: unless the word begins with VIEWER."""


JobTypeWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]


def _distinct(table: dict[str, JobType]) -> dict[str, JobType]:
    seen: dict[str, str] = {}
    for word in table:
        if (other := seen.setdefault(word.casefold(), word)) != word:
            raise ValueError(f"{other} and {word} are the same word: capitals make no difference")
    return table


JobTypeTable = Annotated[dict[JobTypeWord, JobType], AfterValidator(_distinct)]
"""By the word of the call; capitals make no difference."""


def find_job_type(table: dict[str, JobType], word: str) -> JobType | None:
    """The entry for a word."""
    wanted = word.casefold()
    return next((entry for known, entry in table.items() if known.casefold() == wanted), None)


def has_ids_of_goobi(word: str, entry: JobType | None) -> bool:
    """Whether calls of this job type speak of processes and steps of Goobi."""
    if entry is not None and entry.ids_of_goobi is not None:
        return entry.ids_of_goobi
    return not word.upper().startswith(VIEWER)
