"""An attempt's transfers in progress between a slot's steps: input to come, results copied early."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from taskmanager_plugin_runner.files.sources import Fingerprint
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.transport.input_ahead import InputAhead


@dataclass(slots=True)
class TransfersUnderWay:
    """Those of the attempt in `folder`. A replacement slot knows none of them; nothing is lost by that."""

    folder: Path | None = None
    ahead: InputAhead | None = None
    carried: Mapping[str, Fingerprint] = field(default_factory=dict)

    def start(self, suspended: Callable[[], bool]) -> None:
        """Let the input come, unless it does already."""
        if self.ahead is not None and not self.ahead.started:
            self.ahead.start(suspended)

    def stop(self) -> None:
        """Let no more input come; nothing is in progress when this returns."""
        if self.ahead is not None:
            self.ahead.stop()

    @contextmanager
    def moving(self, carrier: EarlyCopies | None, suspended: Callable[[], bool]) -> Iterator[None]:
        """Let input and early copies proceed while the plugin works; all of them are stopped afterwards."""
        self.start(suspended)
        abort = True
        try:
            yield
            abort = False
        finally:
            self.stop()
            if carrier is not None:
                self.carried = carrier.stop(abort=abort)
