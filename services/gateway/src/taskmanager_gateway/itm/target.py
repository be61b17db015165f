"""What a job type of ITM means here."""

from dataclasses import dataclass

from taskmanager.goobi.job_types import JobType, has_ids_of_goobi
from taskmanager.model.manifest import PluginManifest


@dataclass(frozen=True, slots=True)
class JobTypeTarget:
    """The meaning of a job type here: `word` is the caller's, `entry` the one in the settings, if any."""

    word: str
    entry: JobType | None
    manifest: PluginManifest

    @property
    def of_goobi(self) -> bool:
        """Whether the ids of a call refer to a process and a step."""
        return has_ids_of_goobi(self.word, self.entry)
