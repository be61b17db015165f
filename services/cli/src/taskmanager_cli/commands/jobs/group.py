"""`taskmanager jobs`: lists, and everything about one job."""

from typing import Any

import click

from taskmanager_cli.commands.jobs import control, log, submit
from taskmanager_cli.commands.jobs.conditions import conditions, further_conditions
from taskmanager_cli.commands.jobs.views import FILES, HISTORY, JOBS, job_details
from taskmanager_cli.commands.reports import REPORTS
from taskmanager_cli.completion import JOB
from taskmanager_cli.http.pages import given
from taskmanager_cli.options import (
    PRIORITY,
    OrderedGroup,
    as_json,
    paged,
    pass_session,
    segment,
)
from taskmanager_cli.output.text import harmless_lines
from taskmanager_cli.session import Session


@click.group(cls=OrderedGroup)
def jobs() -> None:
    """List, show, submit and change jobs."""


@jobs.command("list")
@conditions
@further_conditions
@paged
@as_json
@pass_session
def list_jobs(session: Session, /, **query: Any) -> None:
    """List jobs: those in the queue as they will start, ended ones last finished first."""
    session.show_list("/jobs", "jobs", JOBS, query)


@jobs.command()
@click.argument("job", type=JOB)
@as_json
@pass_session
def show(session: Session, job: str) -> None:
    """Show a job, and why it waits or failed."""
    session.show(session.client.send("GET", f"/jobs/{segment(job)}").data, job_details)


@jobs.command()
@click.argument("job", type=JOB)
@as_json
@pass_session
def history(session: Session, job: str) -> None:
    """Show what happened to a job, oldest first."""
    found = session.client.send("GET", f"/jobs/{segment(job)}/history").data
    if session.as_json:
        session.print_json(found)
    else:
        session.rows(HISTORY, found["history"])


@jobs.command()
@click.argument("job", type=JOB)
@as_json
@pass_session
def chain(session: Session, job: str) -> None:
    """List the jobs of a job's chain: each starts when the one before it is done."""
    found = session.client.send("GET", f"/jobs/{segment(job)}/chain").data
    if session.as_json:
        session.print_json(found)
        return
    session.rows(JOBS, found["jobs"])
    session.note(f"{found['done']} of {found['total']} done" if found["total"] else "It belongs to no chain.")


@jobs.command()
@click.argument("job", type=JOB)
@click.option("--state", type=click.Choice(["done", "failed"]), help="Only files in this state.")
@paged
@as_json
@pass_session
def files(session: Session, /, job: str, **query: Any) -> None:
    """List the files of a job's last attempt, and what was made of each."""
    session.show_list(f"/jobs/{segment(job)}/files", "files", FILES, query)


@jobs.command()
@click.argument("job", type=JOB)
@paged
@as_json
@pass_session
def reports(session: Session, /, job: str, **query: Any) -> None:
    """List what Goobi is told about a job, the newest first."""
    session.show_list(f"/jobs/{segment(job)}/reports", "reports", REPORTS, query)


@jobs.command()
@click.argument("job", type=JOB)
@click.option("--priority", type=PRIORITY, required=True, help="The priority to assume.")
@as_json
@pass_session
def landing(session: Session, job: str, priority: int) -> None:
    """Show how many jobs would start before a job with another priority; nothing is changed."""
    found = session.client.send("GET", f"/jobs/{segment(job)}/landing", query={"priority": priority}).data
    session.show(
        found, lambda it: [("job", it["job"]), ("priority", it["priority"]), ("starts after", _ahead(it))]
    )


def _ahead(landing_view: dict[str, Any]) -> str:
    if landing_view["ahead"] is None:
        return "nothing: it is not waiting"
    return f"{'at least ' if landing_view['capped'] else ''}{landing_view['ahead']} jobs"


@jobs.command()
@conditions
@further_conditions
@pass_session
def export(session: Session, /, **query: Any) -> None:
    """Write all matching jobs to stdout as CSV for spreadsheets."""
    with session.client.stream("/jobs.csv", query=given(query), headers={"Accept": "text/csv"}) as response:
        for text in response.iter_text():
            session.write(harmless_lines(text) if session.console.is_terminal else text)


for command in (*control.COMMANDS, log.log, submit.submit, submit.submit_many, control.message):
    jobs.add_command(command)
