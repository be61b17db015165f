"""The types of entries in Goobi's process log."""

from enum import StrEnum


class LogType(StrEnum):
    """Types of process log entries that may be sent; only the core interface knows `important`."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    USER = "user"
    IMPORTANT = "important"
