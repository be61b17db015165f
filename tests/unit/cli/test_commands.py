"""The commands as they are declared, and what their options stand for."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from deploy.reference.command_line import manual, verbs

from taskmanager_cli.commands.jobs.submit import job_of
from taskmanager_cli.commands.operations import body_of
from taskmanager_cli.errors import MEANINGS, ExitCode, UsageError
from taskmanager_cli.options import NAME, Moment, Span, segment

STORY = Path(__file__).parents[2] / "e2e" / "test_command_line.py"
CALLS = {"run", "text", "json", "refused", "start", "in_terminal"}


def test_the_tests_of_the_whole_system_start_every_verb() -> None:
    started = set(calls(STORY))

    for verb in verbs():
        wanted = tuple(verb.path.split()[1:])
        assert any(call[: len(wanted)] == wanted for call in started), verb.path


def calls(file: Path) -> Iterator[tuple[str, ...]]:
    """The words of each call of the command line in a file, as far as they are written out."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            yield tuple(words(node.args))


def words(arguments: list[ast.expr]) -> Iterator[str]:
    """The words of one call; those in a list, which a terminal gets, as well."""
    for one in arguments:
        if isinstance(one, ast.List):
            yield from words(one.elts)
        else:
            yield str(one.value) if isinstance(one, ast.Constant) else ""


def test_every_verb_says_what_it_does_and_what_each_option_means() -> None:
    for verb in verbs():
        assert verb.help.rstrip().endswith((".", "stdin.", "taskmanager")), verb.path
        assert all(told for _, told in verb.options), verb.path


def test_help_needs_no_http_and_no_part_of_the_services() -> None:
    script = (
        "import sys\nfrom taskmanager_cli.app import app\n"
        "app.main(['--help'], standalone_mode=False)\n"
        "found = {name.partition('.')[0] for name in sys.modules}\n"
        "sys.exit(sorted(found & {'httpx', 'pydantic', 'fastapi', 'taskmanager'}) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_exit_code_has_its_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_no_line_of_the_manual_is_a_request_by_accident() -> None:
    requests = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", '.\\"'}

    for line in manual().splitlines():
        assert not line.startswith((".", "'")) or line.split()[0] in requests, line


def test_options_of_a_job() -> None:
    options = {"priority": 0, "process_id": 4, "step_id": 5, "parameters": ("a=1", "b=x=y", 'c=["z"]')}

    assert job_of("jp2", options) == {
        "plugin": "jp2",
        "priority": 0,
        "goobi": {"process_id": 4, "step_id": 5},
        "parameters": {"a": 1, "b": "x=y", "c": ["z"]},
    }
    assert job_of("jp2", {"parameters": ("a=NaN",)})["parameters"] == {"a": "NaN"}, "JSON has no NaN"
    assert job_of("jp2", {}) == {"plugin": "jp2"}
    for wrong in ("a", "=1"):
        with pytest.raises(UsageError, match="not a parameter"):
            job_of("jp2", {"parameters": (wrong,)})


def test_options_of_an_operation() -> None:
    given = {"action": "hold", "priority": None, "reason": "", "all_plugins": False}
    chosen = {"plugin": "jp2", "priority_min": 0, "warnings": False, "ids": (), "status": None}

    assert body_of({**given, **chosen}) == {
        "action": "hold",
        "filter": {"plugin": "jp2", "priority_min": 0},
        "reason": "",
    }
    assert body_of({**given, "priority": 0, "all_plugins": True, "ids": ("x",)}) == {
        "action": "hold",
        "filter": {"ids": ("x",)},
        "reason": "",
        "priority": 0,
        "all": True,
    }


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800)]
)
def test_durations_have_units(text: str, seconds: int) -> None:
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1.5h", "7 d", "٣", "7y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a duration"):
        Span().convert(text, None, None)


def test_times_have_an_offset() -> None:
    assert Moment().convert("2027-01-01T08:00:00+01:00", None, None)[-6] in "+-"
    for wrong in ("", "yesterday", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(click.BadParameter, match="not a time"):
            Moment().convert(wrong, None, None)


def test_a_name_is_one_part_of_a_path() -> None:
    assert segment("a/b?c#d e") == "a%2Fb%3Fc%23d%20e"
    for wrong in ("", " ", ".", ".."):
        with pytest.raises(click.BadParameter, match="not a name"):
            NAME.convert(wrong, None, None)
