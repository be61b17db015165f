"""What a runner says to its slots: orders, and what concerns the order that is under way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobError, JobSpec
from taskmanager_plugin_runner.files.job_ids import is_job_id


class SlotStep(StrEnum):
    """The steps a slot can be ordered to take for an attempt."""

    STAGE_IN = "bring"
    """Create the stage next to the destination and bring the input to the workspace."""
    RUN = "run"
    STAGE_OUT = "place"
    CLEAN = "clean"
    """Undo and remove everything the attempt left, in the process folder and in the workspace."""


@dataclass(frozen=True, slots=True)
class SlotOrder:
    """One step of one attempt. `source` is where STAGE_IN put the input; the answer repeats `number`.

    `ahead`: others are at work, so the input must leave them room, and is copied at once. `processors`: those
    that RUN may use; empty: all that the slot may use. `trace`: the id of the trace that the job's submission
    belongs to, for STAGE_OUT.
    """

    number: int
    step: SlotStep
    job: str
    attempt: int
    spec: JobSpec
    source: Path | None = None
    ahead: bool = False
    processors: tuple[int, ...] = ()
    trace: str | None = None

    @property
    def raw(self) -> dict[str, Any]:
        """What JSON can express."""
        raw: dict[str, Any] = {
            "number": self.number,
            "step": self.step,
            "job": self.job,
            "attempt": self.attempt,
            "spec": self.spec.model_dump(mode="json", exclude_unset=True),
        }
        if self.source is not None:
            raw["source"] = str(self.source)
        if self.ahead:
            raw["ahead"] = True
        if self.processors:
            raw["processors"] = self.processors
        if self.trace is not None:
            raw["trace"] = self.trace
        return raw

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps(self.raw).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes | str) -> "SlotOrder":
        """Decode what `encode` wrote; raises ValueError for a job id that cannot be a file name."""
        return cls.of(json.loads(line))

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "SlotOrder":
        """The order from decoded JSON; raises ValueError for a job id that cannot be a file name."""
        if not is_job_id(raw["job"]):
            raise ValueError(f"{raw['job']!r} is no job id")
        source = Path(raw["source"]) if "source" in raw else None
        spec = JobSpec.model_validate(raw["spec"])
        return cls(
            raw["number"],
            SlotStep(raw["step"]),
            raw["job"],
            raw["attempt"],
            spec,
            source,
            raw.get("ahead", False),
            tuple(raw.get("processors", ())),
            raw.get("trace"),
        )


@dataclass(frozen=True, slots=True)
class SlotBunch:
    """Several orders, each for a job that is short: one after the other, each with a permit of its own.

    Each permit is a byte in a pipe (`system.bunch_pipes`), which the runner can take away again. What is
    reported goes through another pipe, which the runner only reads after `AtRest`, or when it wants to know.
    The slot stops before the next order when there is no permit, when the time is `until` (seconds of
    `clock.elapsed_seconds`), or when an answer is not `plain`.
    """

    until: float
    orders: tuple[SlotOrder, ...]

    def encode(self) -> bytes:
        """Encode as one line."""
        raw = {"bunch": [order.raw for order in self.orders], "until": self.until}
        return json.dumps(raw).encode() + b"\n"

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "SlotBunch":
        """The bunch from decoded JSON; raises ValueError as `SlotOrder.of` does."""
        return cls(raw["until"], tuple(map(SlotOrder.of, raw["bunch"])))


@dataclass(frozen=True, slots=True)
class SlotControl:
    """What the order with that number is to do instead of running, received while it runs; None: continue."""

    number: int
    desired: DesiredState | None

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"number": self.number, "wish": self.desired}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Tenure:
    """Until when the current attempt is certainly the runner's, in seconds of `clock.elapsed_seconds`."""

    until: float

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"ours_until": self.until}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to `Settle`: the error, if there was one."""

    error: Mapping[str, Any] | None = None

    @property
    def failure(self) -> JobError | None:
        """The error, if there was one."""
        return JobError(**self.error) if self.error is not None else None

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"settled": self.error}).encode() + b"\n"


def decode_order(line: bytes | str) -> SlotOrder | SlotBunch | SlotControl | Tenure | Settled:
    """Decode a line written by one of the five; raises ValueError as they do."""
    raw = json.loads(line)
    if "bunch" in raw:
        return SlotBunch.of(raw)
    if "settled" in raw:
        return Settled(raw["settled"])
    if "ours_until" in raw:
        return Tenure(raw["ours_until"])
    if "wish" in raw:
        return SlotControl(raw["number"], DesiredState(raw["wish"]) if raw["wish"] is not None else None)
    return SlotOrder.of(raw)
