"""The interface of every transport of input and results."""

from collections.abc import Callable
from typing import Protocol

from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.results.planning import Terms
from taskmanager_plugin_runner.slot_protocol import SlotOrder
from taskmanager_plugin_runner.transport.existing_results import Destination
from taskmanager_plugin_runner.transport.workspace import (
    AttemptFolder,
    Input,
)

RECORD = "delivery.json"
"""In the folder of an attempt: where it delivers, for the next start of the runner."""


LOST = file_texts.RECORD_LOST()


class Transport(Protocol):
    """The steps of a job that touch what does not belong to the runner."""

    def open(self, folder: AttemptFolder, order: SlotOrder, destination: str, *, in_place: bool) -> None:
        """Refuse a destination that is the source, unless `in_place`, and undo what earlier attempts left."""

    def bring(
        self,
        folder: AttemptFolder,
        order: SlotOrder,
        source: str,
        between: Callable[[], None],
        *,
        recorded: bool = False,
    ) -> Input:
        """Bring the input; `between` is called before each file. `recorded`: note it for a record."""

    def destination(self, folder: AttemptFolder) -> Destination | None:
        """Where the results will go, if the attempt was opened."""

    def carrier(self, folder: AttemptFolder, suspended: Callable[[], bool]) -> EarlyCopies | None:
        """What copies finished results while the plugin works, if that is possible."""

    def place(self, folder: AttemptFolder, terms: Terms) -> tuple[int, int]:
        """Place the results; returns the number of files and bytes."""

    def clean(self, folder: AttemptFolder, order: SlotOrder) -> None:
        """Restore everything to its state before the attempt, unless all results are in place."""
