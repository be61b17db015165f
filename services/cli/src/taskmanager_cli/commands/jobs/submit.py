"""Submitting jobs: one from options or a file, many from a file."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import click

from taskmanager_cli.completion import PLUGIN
from taskmanager_cli.errors import RefusedError, UnreachableError, UsageError
from taskmanager_cli.http.pages import is_given
from taskmanager_cli.options import PRIORITY, as_json, pass_session
from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.session import Session

KEY = "Idempotency-Key"
template_option = click.option("--template", metavar="NAME", help="Template of the plugin.")
parameter_option = click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter; the value is JSON or a text.",
)
GOOBI = ("process_id", "step_id", "process_title", "installation")


@click.command()
@click.argument("plugin", type=PLUGIN, required=False)
@click.option("--file", "file", metavar="FILE", help="Take the whole job from a JSON file; - is stdin.")
@click.option("--preset", metavar="NAME", help="Take template and parameters from a preset, if not given.")
@template_option
@click.option("--source", metavar="PATH", help="Folder or file to read, as the runners see it.")
@click.option("--destination", metavar="PATH", help="Folder for the results, as the runners see it.")
@click.option("--priority", type=PRIORITY, help="0 to 10, higher first; else 5.")
@click.option("--title", metavar="TEXT", help="Title in lists.")
@click.option("--project", metavar="TEXT", help="Project it belongs to.")
@click.option("--process-id", type=int, metavar="ID", help="Goobi process it belongs to.")
@click.option("--step-id", type=int, metavar="ID", help="Goobi step to close when it is done.")
@click.option("--process-title", metavar="TEXT", help="Title of the Goobi process.")
@click.option("--installation", metavar="NAME", help="Goobi installation, if not the default one.")
@parameter_option
@click.option("--callback-url", metavar="URL", help="Address to call at the end.")
@click.option("--unique", metavar="TEXT", help="Refuse it while another job with this key is in the queue.")
@click.option("--key", metavar="TEXT", help="Idempotency key: repeated with the same key, it stays one job.")
@as_json
@pass_session
def submit(session: Session, /, plugin: str | None, file: str | None, key: str | None, **given: Any) -> None:
    """Submit a job for PLUGIN, or the one in a file."""
    options = {name: value for name, value in given.items() if is_given(value)}
    named = plugin is not None or "preset" in options
    if named == (file is not None) or (file and options):
        raise UsageError("Name either a plugin or a preset, with options, or a file with the whole job.")
    job = read_json(file) if file else job_of(plugin, options)
    used = key or str(uuid.uuid4())
    try:
        answer = session.client.send("POST", "/jobs", body=job, headers={KEY: used})
    except UnreachableError as error:
        raise UnreachableError(f"{error} Repeat the command with --key {used}: it stays one job.") from error
    if session.as_json:
        session.print_json(answer.data)
        return
    outcome = answer.headers.get("taskmanager-outcome", "accepted")
    if outcome == "duplicate":
        session.note("Nothing new was accepted: this job in the queue has the same unique key.")
    session.write(f"{answer.data['id']}\n")
    session.note(f"{answer.data['plugin']}: {outcome}")


@click.command("submit-many")
@click.argument("file")
@as_json
@pass_session
def submit_many(session: Session, file: str) -> None:
    """Submit the jobs in a JSON file: {"jobs": [...]} or a list; - is stdin.

    An invalid job does not stop the others. Give each an idempotency_key if the command may be repeated.
    """
    content = read_json(file)
    found = session.client.send(
        "POST", "/jobs/batch", body={"jobs": content} if isinstance(content, list) else content
    ).data
    if session.as_json:
        session.print_json(found)
    else:
        columns = (
            field("no", "number", right=True),
            Column("outcome", lambda row: row["outcome"] or "refused"),
            field("id", "id", whole=True),
            Column("problem", lambda row: (row["problem"] or {}).get("detail")),
        )
        session.rows(columns, [{"number": number, **one} for number, one in enumerate(found["results"], 1)])
    if found["refused"]:
        raise RefusedError(f"{found['refused']} of {len(found['results'])} jobs were refused.")


def job_of(plugin: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """The specification that the options stand for; raises UsageError for a parameter without a name."""
    goobi = {name: options[name] for name in GOOBI if name in options}
    job = {name: value for name, value in options.items() if name not in GOOBI}
    if "parameters" in job:
        job["parameters"] = dict(_parameter(text) for text in job["parameters"])
    return {**({"plugin": plugin} if plugin else {}), **job, **({"goobi": goobi} if goobi else {})}


def _parameter(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not (name and found):
        raise UsageError(f"{text!r} is not a parameter: write NAME=VALUE.")
    try:
        return name, json.loads(value, parse_constant=_no_number)
    except ValueError:
        return name, value


def _no_number(text: str) -> None:
    """Refuse NaN and infinities, which Python reads and JSON has not."""
    message = f"{text} is no number"
    raise ValueError(message)


def read_json(file: str) -> Any:
    """The JSON in a file, or on stdin for `-`; raises UsageError."""
    try:
        text = sys.stdin.buffer.read().decode() if file == "-" else Path(file).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_no_number)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON in UTF-8: {error}.") from error
