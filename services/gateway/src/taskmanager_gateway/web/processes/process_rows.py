"""The page of a process: its address, and a row for each of its jobs. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.jobs import InstallationName, Job, Number, Record, ShortText
from taskmanager.model.reasons import Reason
from taskmanager_gateway.http.command_bodies import readable
from taskmanager_gateway.jobs.wait_reasons import Waiting
from taskmanager_gateway.processes.links import ProcessLinks
from taskmanager_gateway.web.shell.list_address import address

Text = Annotated[ShortText, AfterValidator(readable)]


class ProcessAddress(Record):
    """Whose process, and which of its jobs."""

    installation: InstallationName | None = None
    step: Number | None = None
    cursor: Text | None = None

    def query(self, **changes: object) -> str:
        """The query string of this address, or of the same one with other values; with `?` unless empty."""
        return address("", self, **changes)


class SearchAddress(Record):
    """What is searched: an id, or beginnings of words of a title or process title."""

    q: Text | None = None


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One job of the process. `why`: why it waits; `step`: where Goobi shows its step."""

    job: Job
    plugin_title: str
    why: Reason | None
    step: str | None

    @property
    def link(self) -> int:
        """Its place in its chain, from 1; 0 if it belongs to none."""
        return self.job.chain.index(self.job.id) + 1 if self.job.id in self.job.chain else 0


def process_rows(
    jobs: Iterable[Job], titles: Mapping[str, str], waiting: Mapping[str, Waiting], goobi: GoobiSettings
) -> Sequence[ProcessRow]:
    """The rows in the order of the jobs; `titles` are those of plugins."""
    return [
        ProcessRow(
            job=job,
            plugin_title=titles.get(job.plugin, job.plugin),
            why=waiting[job.id].reason if job.id in waiting else None,
            step=ProcessLinks.of(job.spec.goobi, goobi).step if job.spec.goobi else None,
        )
        for job in jobs
    ]


def process_number(text: str) -> int | None:
    """The id of a process, if the text is one."""
    wanted = text.strip()
    fits = wanted.isascii() and wanted.isdecimal() and len(wanted) <= len(str(2**63 - 1)) - 1
    return int(wanted) if fits else None
