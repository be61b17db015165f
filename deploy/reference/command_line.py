"""The command `taskmanager` as a man page and as a section of docs/command-line.md, from its own help."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click
from deploy.reference.markdown import code, table

from taskmanager_cli.app import app
from taskmanager_cli.errors import MEANINGS
from taskmanager_cli.settings.connection import VARIABLES

NAME = "taskmanager"


class Verb(NamedTuple):
    """One command with its arguments and options as its help shows them."""

    path: str
    usage: str
    help: str
    options: Sequence[tuple[str, str]]


def verbs() -> Iterator[Verb]:
    """All commands that do something, in the order of the help."""
    yield from _below(app, click.Context(app, info_name=NAME))


def _below(group: click.Group, context: click.Context) -> Iterator[Verb]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            message = f"{context.command_path} lists {name}, which does not exist"
            raise LookupError(message)
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _below(command, inner)
        else:
            yield _verb(command, inner)


def _verb(command: click.Command, context: click.Context) -> Verb:
    pieces = " ".join(command.collect_usage_pieces(context))
    return Verb(context.command_path, pieces, _text(command.help), _options(command, context))


def _options(command: click.Command, context: click.Context) -> Sequence[tuple[str, str]]:
    options = (one for one in command.get_params(context) if isinstance(one, click.Option))
    records = (option.get_help_record(context) for option in options)
    return [(one[0], " ".join(one[1].split())) for one in records if one and "--help" not in one[0]]


def _text(text: str | None) -> str:
    """Paragraphs, each in one line."""
    paragraphs = (text or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def document() -> str:
    """The commands, exit codes and variables in Markdown."""
    codes = [(str(number.value), meaning) for number, meaning in MEANINGS.items()]
    variables = [(code(name), meaning) for name, meaning in VARIABLES.items()]
    lines = ["## Exit codes", "", *table(("code", "meaning"), codes)]
    lines += ["## Environment", "", *table(("variable", "meaning"), variables)]
    lines += ["## Options before the command", "", *_listed(_options(app, click.Context(app)))]
    lines += ["", "## Commands"]
    for verb in verbs():
        lines += ["", f"### {verb.path}", "", code(f"{verb.path} {verb.usage}"), "", verb.help]
        if verb.options:
            lines += ["", *_listed(verb.options)]
    return "\n".join(lines) + "\n"


def _listed(options: Sequence[tuple[str, str]]) -> list[str]:
    return [f"- `{spelling}`: {told}" for spelling, told in options]


def manual() -> str:
    """The man page in roff."""
    lines = [
        '.\\" Made from the code by `make docs`; do not edit it.',
        ".TH TASKMANAGER 1",
        ".SH NAME",
        f"{NAME} \\- operate Goobi TaskManager over its HTTP API",
        ".SH SYNOPSIS",
        f".B {NAME}",
        "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(_text(app.help)),
        ".SH OPTIONS",
        *_tagged(_options(app, click.Context(app))),
        ".SH COMMANDS",
    ]
    for verb in verbs():
        lines += [
            f".SS {_roff(f'{verb.path} {verb.usage}')}",
            *_paragraphs(verb.help),
            *_tagged(verb.options),
        ]
    lines += [".SH EXIT STATUS", *_tagged([(str(number.value), told) for number, told in MEANINGS.items()])]
    lines += [".SH ENVIRONMENT", *_tagged([*VARIABLES.items()])]
    lines += [".SH FILES", *_tagged([("~/.config/taskmanager/config.toml", "The profiles.")])]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += [_roff(paragraph), ".PP"]
    return lines[:-1]


def _tagged(options: Sequence[tuple[str, str]]) -> list[str]:
    return [line for tag, told in options for line in (".TP", f"\\fB{_roff(tag)}\\fR", _roff(told))]


def _roff(text: str) -> str:
    """A line of text with everything that roff would read as a request or a letter of its own escaped."""
    escaped = re.sub(r"[\\`'-]", lambda found: _ESCAPES[found[0]], text)
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


_ESCAPES = {"\\": "\\e", "`": "\\(ga", "'": "\\(aq", "-": "\\-"}
