"""What can go wrong, and the exit code of each: the table that docs/command-line.md shows."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How the command ended."""

    DONE = 0
    REFUSED = 1
    """The TaskManager refused it: unknown, not possible at present, invalid fields, too many requests."""
    USAGE = 2
    """Wrong use: options, files, settings, or a question that was not answered with yes."""
    UNREACHABLE = 3
    """No gateway answered, or it answered that a part of the system is not available."""
    NOT_ALLOWED = 4
    """The token is missing or not valid, or does not have the right."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it."""


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
