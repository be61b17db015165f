"""What a job type of ITM means here."""

from dataclasses import dataclass

from taskmanager.goobi.job_types import JobType, has_ids_of_goobi
from taskmanager.model.manifest import PluginManifest


@dataclass(frozen=True, slots=True)
class Target:
    """What a job type means here: `word` is the caller's, `entry` that of the settings, if there is one."""

    word: str
    entry: JobType | None
    manifest: PluginManifest

    @property
    def of_goobi(self) -> bool:
        """Whether the ids of a call are those of a process and a step."""
        return has_ids_of_goobi(self.word, self.entry)
