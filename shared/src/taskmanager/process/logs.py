"""How the services write their own log: a stable event name and fields, as JSON or for people.

Secrets are never logged. Only this module names structlog, which is loaded when a log is configured or its
first entry is written: most slots never write one.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Log:
    """A module's log, with structlog's methods: `debug`, `info`, `warning`, `error`, `exception`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        """What structlog's logger has under this name."""
        return getattr(self._logger, method)

    @cached_property
    def _logger(self) -> Any:
        return _structlog().get_logger(self._name)


def get_logger(name: str) -> Log:
    """The log of the module with this name."""
    return Log(name)


def configure(service: str, *, log_format: str, level: str) -> None:
    """Send all logging of this process, including that of libraries, to stderr in one format."""
    structlog = _structlog()
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    renderer = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    exceptions = [structlog.processors.format_exc_info] if log_format == "json" else []
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    logging.getLogger("pika").setLevel(
        logging.CRITICAL
    )  # it logs each lost connection as an error; the broker connection logs it once
    structlog.contextvars.bind_contextvars(service=service)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add these fields to every line that is written in here, by whatever module."""
    with _structlog().contextvars.bound_contextvars(**fields):
        yield


@cache
def _structlog() -> Any:
    """structlog, without rich: it would load that for tracebacks in colour, 8 MB that no service shows."""
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that it cannot be imported
    try:
        import structlog  # noqa: PLC0415 - loaded when it is needed
    finally:
        if hidden:
            del sys.modules["rich"]
    return structlog
