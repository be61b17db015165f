"""What one attempt has on its way between the steps of a slot: input to come, results that went ahead."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from taskmanager_plugin_runner.files.sources import Fingerprint
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.transport.input_ahead import InputAhead


@dataclass(slots=True)
class TransfersUnderWay:
    """Of the attempt whose folder it is. A slot that was replaced knows nothing; nothing is lost by it."""

    folder: Path | None = None
    ahead: InputAhead | None = None
    carried: Mapping[str, Fingerprint] = field(default_factory=dict)

    @contextmanager
    def moving(self, carrier: EarlyCopies | None, suspended: Callable[[], bool]) -> Iterator[None]:
        """Let input come and results go while the plugin works; all stands still afterwards."""
        if self.ahead is not None:
            self.ahead.start(suspended)
        abort = True
        try:
            yield
            abort = False
        finally:
            if self.ahead is not None:
                self.ahead.stop()
            if carrier is not None:
                self.carried = carrier.stop(abort=abort)
