"""Every error of the project, divided by the one question that matters: try again, or give up.

HTTP status codes, exit codes and dead-letter routing are chosen at the edges, never here.
"""


class TaskManagerError(Exception):
    """Base of all errors this project raises on purpose."""


class TemporaryError(TaskManagerError):
    """The same call may succeed later: try again."""


class PermanentError(TaskManagerError):
    """The same call will fail again: give up and report it."""


class BrokerUnavailableError(TemporaryError):
    """RabbitMQ is not connected, is blocked by an alarm, or did not confirm in time."""


class UnconfirmedError(BrokerUnavailableError):
    """RabbitMQ refused a message or did not confirm it in time."""


class StoreUnavailableError(TemporaryError):
    """MongoDB has no writable primary or does not answer."""


class SupersededError(TemporaryError):
    """The attempt is no longer current: another one owns the job."""


class UnroutableMessageError(PermanentError):
    """No queue took a published message: the topology was not declared."""


class UnreadableDocumentError(PermanentError):
    """A stored document is not valid: written by hand, by another program or by a newer version."""


class CursorError(PermanentError, ValueError):
    """A cursor does not belong to the list it is used with."""


class InvalidMessageError(PermanentError):
    """A message body could not be decoded; `body` keeps the bytes for the dead-letter queue."""

    def __init__(self, reason: str, body: bytes) -> None:
        """Keep the undecodable bytes with the reason."""
        super().__init__(reason)
        self.body = body


class PathRefusedError(PermanentError):
    """A path is malformed or leads outside the configured roots."""


class JobFailedError(PermanentError):
    """A plugin's own verdict: this job cannot succeed with this input."""


class ToolFailedError(JobFailedError):
    """An external program ended with an error; the message holds its exit code and the end of its stderr."""


class ToolStoppedError(TemporaryError):
    """An external program was stopped because its job is being ended."""


class JobKilledError(TemporaryError):
    """The process of a job ended without an answer (signal, crash, out of memory)."""
