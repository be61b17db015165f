"""A job as its details show it: long texts are cut, with a reference to the whole text. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.access import Principal
from taskmanager.model.jobs import HistoryEntry, Job
from taskmanager_gateway.jobs.wait_reasons import Waiting
from taskmanager_gateway.processes.links import ProcessLinks
from taskmanager_gateway.web.jobs.actions import Offer, offers
from taskmanager_gateway.web.jobs.phases import Phases, phases
from taskmanager_gateway.web.reports.report_rows import ReportLine

SHOWN_CHARACTERS = 20_000
"""Of an error, a traceback or the parameters; browsers show more only slowly."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text that may be long."""

    shown: str
    characters: int

    @classmethod
    def of(cls, text: str, limit: int = SHOWN_CHARACTERS) -> "Excerpt":
        """At most the first `limit` characters of the text."""
        return cls(text[:limit], len(text))

    @property
    def cut(self) -> bool:
        """Whether the text goes on."""
        return self.characters > len(self.shown)


@dataclass(frozen=True, slots=True)
class JobDetails:
    """What the templates show of a job. `plugin_title` None: the plugin is no longer installed."""

    job: Job
    plugin_title: str | None
    template_default: str | None
    """The template of jobs that name none."""
    template_title: str
    """The title of the template that the job takes; empty if it has none."""
    titles: Mapping[str, str]
    """The titles of plugins by their names."""
    installation: str | None
    links: ProcessLinks | None
    """Around its process; None for a job that is not Goobi's."""
    offers: Sequence[Offer]
    chain: Sequence[Job] | None
    """The jobs of its chain; None: they cannot be read at present."""
    waiting: Waiting | None
    timeline: Sequence[HistoryEntry]
    reports: Sequence[ReportLine] | None
    """None: they cannot be read at present."""
    error: Excerpt | None
    traceback: Excerpt | None
    parameters: Excerpt | None
    extra: Excerpt | None
    phases: Phases | None

    @property
    def title(self) -> str:
        """Its title, or its id if it has none."""
        return self.job.spec.title or self.job.id

    @property
    def same_process(self) -> str | None:
        """The address of the plugin page with only the jobs of the same process in Goobi."""
        goobi = self.job.spec.goobi
        if goobi is None:
            return None
        query = urlencode({"tab": self.job.tab.value, "process": goobi.process_id})
        return f"/plugins/{self.job.plugin}?{query}"

    @property
    def place(self) -> int | None:
        """Its place in the queue, counted from 1; None if unknown."""
        position = self.waiting.position if self.waiting else None
        return None if position is None else position + 1


def job_details(  # noqa: PLR0913 - what was read
    job: Job,
    who: Principal,
    goobi: GoobiSettings,
    *,
    now: datetime,
    plugin_title: str | None,
    chain: Sequence[Job] | None,
    template_default: str | None = None,
    template_title: str = "",
    titles: Mapping[str, str] = MappingProxyType({}),
    waiting: Waiting | None,
    reports: Sequence[ReportLine] | None,
) -> JobDetails:
    """Collect the details for this reader."""
    reference, error = job.spec.goobi, job.error
    return JobDetails(
        job=job,
        plugin_title=plugin_title,
        template_default=template_default,
        template_title=template_title,
        titles=titles,
        installation=goobi.name_of(reference.installation) if reference else None,
        links=ProcessLinks.of(reference, goobi) if reference else None,
        offers=offers(job, who),
        chain=chain,
        waiting=waiting,
        timeline=job.history[::-1],
        reports=reports,
        error=Excerpt.of(error.message) if error else None,
        traceback=Excerpt.of(error.traceback) if error and error.traceback else None,
        parameters=pretty(job.spec.parameters),
        extra=pretty(job.spec.extra),
        phases=phases(job, now),
    )


def pretty(values: object) -> Excerpt | None:
    """The beginning of values as JSON; None if there are none."""
    return Excerpt.of(json.dumps(values, ensure_ascii=False, indent=2)) if values else None
