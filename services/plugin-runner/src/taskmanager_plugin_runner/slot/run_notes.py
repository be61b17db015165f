"""What a job reports while it runs, on its way to the runner; what a record of the job needs is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from taskmanager_plugin_runner.slot.line_log import Send
from taskmanager_plugin_runner.slot_protocol import FileNote, SlotEvent, ToolNote


@dataclass(slots=True)
class RunNotes:
    """Passes everything on to `send`, except what only records need. Methods may be called by any thread."""

    send_on: Send
    results: dict[str, list[str]] = field(default_factory=dict)
    """The results of each file, as the plugin has recorded them."""
    tools: dict[str, str | None] = field(default_factory=dict)
    """Libraries with their versions, and programs, which have none yet."""
    _keeping: bool = False

    def begin(self, *, keep: bool) -> None:
        """A job begins; nothing is kept of earlier ones."""
        self.results, self.tools, self._keeping = {}, {}, keep

    def send(self, event: SlotEvent) -> None:
        """Take a report."""
        if isinstance(event, ToolNote):
            if self._keeping:
                self.tools[event.name] = event.version
            return
        if self._keeping and isinstance(event, FileNote):
            self._keep(event.record)
        self.send_on(event)

    def _keep(self, record: Mapping[str, object]) -> None:
        made, name = record.get("results"), record.get("name")
        if isinstance(name, str) and isinstance(made, list | tuple):
            self.results.setdefault(name, []).extend(map(str, made))
