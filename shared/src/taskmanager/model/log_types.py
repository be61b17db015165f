"""The kinds of entries in Goobi's process log."""

from enum import StrEnum


class LogType(StrEnum):
    """Types of process log entries that may be sent; `important` is known to the core interface only."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    USER = "user"
    IMPORTANT = "important"
