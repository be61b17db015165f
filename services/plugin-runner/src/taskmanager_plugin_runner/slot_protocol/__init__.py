"""The messages between a runner and its slots: one JSON object per line over a socket.

Knows neither the broker nor the file system. Strings may contain surrogates (file names with arbitrary
bytes): JSON escapes them.
"""

from taskmanager_plugin_runner.slot_protocol.events import (
    AtRest,
    FileNote,
    LogNote,
    Note,
    ProgressNote,
    Ready,
    Settle,
    SlotAnswer,
    SlotEvent,
    SuspensionNote,
    ToolNote,
    decode_event,
    encode_event,
)
from taskmanager_plugin_runner.slot_protocol.options import SlotOptions
from taskmanager_plugin_runner.slot_protocol.orders import (
    Settled,
    SlotBunch,
    SlotControl,
    SlotOrder,
    SlotStep,
    Tenure,
    decode_order,
)

LINE_BYTES = 16 * 1024 * 1024
"""The longest line allowed; anything longer means that the other side is broken."""

__all__ = [
    "LINE_BYTES",
    "AtRest",
    "FileNote",
    "LogNote",
    "Note",
    "ProgressNote",
    "Ready",
    "Settle",
    "Settled",
    "SlotAnswer",
    "SlotBunch",
    "SlotControl",
    "SlotEvent",
    "SlotOptions",
    "SlotOrder",
    "SlotStep",
    "SuspensionNote",
    "Tenure",
    "ToolNote",
    "decode_event",
    "decode_order",
    "encode_event",
]
