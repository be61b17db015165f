"""The table `[job_types]` of the file about Goobi: which plugin handles which job type of a call.

Job types that are not in the table are looked up by the `job_type` in the installed plugins' manifests.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from taskmanager.model.jobs import PluginName, Record, ShortText

VIEWER = "VIEWER"
"""Prefix of the Goobi viewer's job types; their ids are its own, not those of Goobi's processes and steps."""


class JobType(Record):
    """One entry, such as `JP2 = { plugin = "jp2", template = "lossless" }`."""

    plugin: PluginName
    template: ShortText | None = None
    """For calls that name none, or a placeholder for the default."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """For calls that do not set them."""
    ids_of_goobi: bool | None = None
    """Whether ids in a call are those of a process and step; None: unless the job type begins with VIEWER."""


JobTypeWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]


def _distinct(table: dict[str, JobType]) -> dict[str, JobType]:
    seen: dict[str, str] = {}
    for word in table:
        if (other := seen.setdefault(word.casefold(), word)) != word:
            raise ValueError(f"{other} and {word} are the same word: capitals make no difference")
    return table


JobTypeTable = Annotated[dict[JobTypeWord, JobType], AfterValidator(_distinct)]
"""By the job type in the call; case does not matter."""


def find_job_type(table: dict[str, JobType], word: str) -> JobType | None:
    """The entry for a job type."""
    wanted = word.casefold()
    return next((entry for known, entry in table.items() if known.casefold() == wanted), None)


def has_ids_of_goobi(word: str, entry: JobType | None) -> bool:
    """Whether calls of this job type refer to processes and steps of Goobi."""
    if entry is not None and entry.ids_of_goobi is not None:
        return entry.ids_of_goobi
    return not word.upper().startswith(VIEWER)
