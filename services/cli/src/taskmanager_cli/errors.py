"""What can go wrong, and the exit code of each: the table that docs/command-line.md shows."""

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """How the command ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_ALLOWED = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "Done, or stored by the broker and going to be done (`pending`).",
    ExitCode.REFUSED: "The TaskManager refused it: unknown, not possible at present, wrong fields, too many "
    "requests; or it refused some of several.",
    ExitCode.USAGE: "Wrong use: options, files, the configuration; or a question was not answered with yes.",
    ExitCode.UNREACHABLE: "No gateway answered, or a part of the system is not available: try again later.",
    ExitCode.NOT_ALLOWED: "The token is missing or not valid, or it does not have the right.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C.",
    ExitCode.BROKEN_PIPE: "The program that read the output ended before this one.",
}


class CommandError(Exception):
    """A failure whose text is one sentence for people that says what to do; `code` is the exit code."""

    code = ExitCode.REFUSED


class RefusedError(CommandError):
    """The TaskManager refused it."""


class UsageError(CommandError):
    """The command, a file it names or the configuration is wrong; nothing was changed."""

    code = ExitCode.USAGE


class UnreachableError(CommandError):
    """No gateway answered, or a part of the system is not available."""

    code = ExitCode.UNREACHABLE


class NotAllowedError(CommandError):
    """The caller is not known, or may not do this."""

    code = ExitCode.NOT_ALLOWED
