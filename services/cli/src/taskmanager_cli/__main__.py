"""Starts the command: every failure becomes one sentence on stderr and an exit code."""

import os
import sys

import click

from taskmanager_cli.app import app
from taskmanager_cli.errors import CommandError, ExitCode


def main() -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a text stream always can
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader has seen enough; what Python would still flush at its end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.BROKEN_PIPE
    sys.exit(code)


def run() -> int:
    """The exit code."""
    try:
        result = app.main(prog_name="taskmanager", standalone_mode=False)
    except click.exceptions.Abort:
        _say("Interrupted.")
        return ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        _say("Interrupted.")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except CommandError as error:
        _say(str(error))
        return error.code
    except UnicodeEncodeError:
        _say("An argument is not UTF-8: nothing was sent.")
        return ExitCode.USAGE
    return result if isinstance(result, int) else ExitCode.DONE


def _say(sentence: str) -> None:
    from taskmanager_cli.output.text import harmless  # noqa: PLC0415 - only failures need it

    print(f"taskmanager: {harmless(sentence)}", file=sys.stderr)  # noqa: T201 - a program


if __name__ == "__main__":
    main()
