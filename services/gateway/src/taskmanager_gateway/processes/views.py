"""A process as the API shows it."""

from collections.abc import Iterable, Sequence

from pydantic import Field

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.jobs import Job, Record
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.processes.links import ProcessLinks


class GoobiPagesView(Record):
    """Where Goobi shows the process and its steps, as far as the settings of the installation say."""

    process: str | None
    steps: dict[str, str] = Field(
        description="By the id of the step, for those of the jobs on this page.",
        examples=[{"42": "https://goobi.example.org/goobi/step/42"}],
    )

    @classmethod
    def of(cls, jobs: Sequence[Job], goobi: GoobiSettings) -> "GoobiPagesView":
        """What the jobs say of their process; the newest one says its title."""
        references = [job.spec.goobi for job in jobs if job.spec.goobi is not None]
        links = [(one, ProcessLinks.of(one, goobi)) for one in references]
        steps = {str(one.step_id): link.step for one, link in links if link.step is not None}
        return cls(process=next((link.process for _, link in links if link.process), None), steps=steps)


class ProcessView(Record):
    """One page of a process's jobs, newest first; `next_cursor` is null on the last."""

    process_id: int
    installation: str | None
    process_title: str | None = Field(description="As the newest job of the page gives it.")
    goobi: GoobiPagesView
    page: str = Field(description="The page of the process for people.", examples=["/processes/17"])
    jobs: list[JobView]
    next_cursor: str | None
    links: dict[str, str] = Field(examples=[{"self": "/api/v1/processes/17"}])


def title_of(jobs: Iterable[Job]) -> str | None:
    """The title of the process, from the first of the jobs that says one."""
    references = (job.spec.goobi for job in jobs if job.spec.goobi is not None)
    return next((one.process_title for one in references if one.process_title), None)
