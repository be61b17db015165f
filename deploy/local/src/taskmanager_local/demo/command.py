"""The demo from start to end: make a book, start everything, submit, watch, show where the results are."""

import argparse
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from taskmanager_local.commands import LocalStackError
from taskmanager_local.demo.client import Client, JobView
from taskmanager_local.demo.process_folder import ProcessFolder, new_process
from taskmanager_local.demo.reports import GoobiScreen
from taskmanager_local.demo.steps import BOOK_PLUGIN, STEPS, book_job
from taskmanager_local.goobi import PAGES, fake_goobi_url
from taskmanager_local.services import Options
from taskmanager_local.stack import Stack
from taskmanager_local.state import Plan, StackFolder

POLL = timedelta(seconds=0.2)
PROJECT = "demo"


def add_demo_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only the demo has."""
    parser.add_argument("--images", type=Path, help="use the images in this folder instead of the drawn book")


def run_demo(
    arguments: argparse.Namespace, stack: Stack, options: Options, folder: StackFolder, console: Console
) -> int:
    """Run the demo; returns the exit code: 0 if every job is done.

    Raises:
        LocalStackError: the stack did not start, or the API refused a job.
    """
    started = time.monotonic()
    folder.make()
    process = new_process(options.roots[0], arguments.images)
    console.print(f"{len(list(process.masters.iterdir()))} page images lie in {process.masters}")
    plan = stack.up(options)
    _require_root(plan, process)
    with Client(plan.gateways[0]) as client, _goobi(plan, options, process) as goobi:
        jobs = _submit(client, process, goobi)
        finished = _watch(client, jobs, console, goobi)
        for line in goobi.rest_of_news() if goobi else ():
            console.print(line)
        if all(job.status == "DONE" for job in finished.values()):
            client.wait_for_plugin(BOOK_PLUGIN)
            book = {BOOK_PLUGIN: client.submit({**book_job(process), "project": PROJECT})}
            finished |= _watch(client, book, console, None)
    _show_results(finished, process, console)
    _show_ways_on(plan, console)
    console.print(f"All of it took {time.monotonic() - started:.0f} s.")
    failed = {plugin: job for plugin, job in finished.items() if job.status != "DONE"}
    for plugin, job in failed.items():
        console.print(f"The {plugin} job ended in {job.status}: {job.error}", style="red")
    return 1 if failed else 0


def _require_root(plan: Plan, process: ProcessFolder) -> None:
    if not any(process.root.is_relative_to(root) for root in plan.roots):
        raise LocalStackError(
            f"what runs may only touch {', '.join(plan.roots)}: `taskmanager-local down` first, then again"
        )


def _goobi(
    plan: Plan, options: Options, process: ProcessFolder
) -> AbstractContextManager[GoobiScreen | None]:
    url = fake_goobi_url(plan)
    if options.goobi and url is None:
        raise LocalStackError("what runs has no Goobi beside it: `taskmanager-local down` first, then again")
    return GoobiScreen(url, process) if url else nullcontext()


def _submit(client: Client, process: ProcessFolder, goobi: GoobiScreen | None) -> dict[str, JobView]:
    origin = {"process_id": process.number, "process_title": process.title}
    common: dict[str, Any] = {"source": str(process.masters), "project": PROJECT}
    jobs: dict[str, dict[str, Any]] = {}
    for plugin, step in STEPS.items():
        client.wait_for_plugin(plugin)
        ids = {"step_id": goobi.step_of(plugin)} if goobi else {}
        jobs[plugin] = {**common, **step.job_for(process), "plugin": plugin, "goobi": {**origin, **ids}}
    return {plugin: client.submit(job) for plugin, job in jobs.items()}


def _watch(
    client: Client, jobs: Mapping[str, JobView], console: Console, goobi: GoobiScreen | None
) -> dict[str, JobView]:
    """Show one bar for each job until all are finished, and meanwhile what arrives at Goobi."""
    seen = dict(jobs)
    columns = (
        TextColumn("{task.description:>6}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]:<16}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[current_file]}"),
    )
    with Progress(*columns, console=console) as progress:
        bars = {plugin: progress.add_task(plugin, total=100, status="", current_file="") for plugin in seen}
        while True:
            for plugin, job in seen.items():
                _draw(progress, bars[plugin], job)
            for line in goobi.news() if goobi else ():
                progress.console.print(line)
            if all(job.finished for job in seen.values()):
                return seen
            time.sleep(POLL.total_seconds())
            seen = {plugin: job if job.finished else client.job(job.id) for plugin, job in seen.items()}


def _draw(progress: Progress, bar: Any, job: JobView) -> None:
    completed = 100 if job.status == "DONE" else job.percent
    current_file = "" if job.finished else job.current_file
    progress.update(bar, completed=completed, status=job.status, current_file=current_file)
    if job.finished:
        progress.stop_task(bar)


def _show_results(jobs: Mapping[str, JobView], process: ProcessFolder, console: Console) -> None:
    table = Table("plugin", "job", "status", "files", "volume")
    for plugin, job in jobs.items():
        table.add_row(plugin, job.id, job.status, str(job.files), decimal(job.volume_bytes))
    console.print(table)
    for plugin, job in jobs.items():
        if job.status == "DONE" and plugin in STEPS:
            console.print(f"The results of {plugin} lie in {STEPS[plugin].results_of(process)}")
    if process.book.is_file():
        console.print(f"The whole book, with text that can be searched: {process.book}")


def _show_ways_on(plan: Plan, console: Console) -> None:
    gateway = plan.gateways[0]
    console.print(f"The web pages are at {gateway}/ (no log-in needed).")
    console.print(f"The API goes on at {gateway}/api/v1, its description at {gateway}/docs.")
    if goobi := fake_goobi_url(plan):
        console.print(f"The fake Goobi shows its processes at {goobi}{PAGES}.")
    console.print("`make status` and `make logs` show more; `make down` stops everything.")
