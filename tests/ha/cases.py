"""Each server is killed, frozen and cut off in turn; probes tell how long the system needs each time."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table
from tests.ha.stations import Fault, Station
from tests.ha.system import PROBED
from tests.soak.driver import API
from tests.soak.machines import elapsed_seconds

from taskmanager_testing.waiting import eventually

PROBE_SECONDS = 5.0
WITHIN_SECONDS = 180
"""Limit for a probe to be DONE, and for a server to come back."""
BY_ITSELF_SECONDS = 90
"""A server that has not come back by then is started again, as an operator would do."""
SPEC = {"plugin": PROBED, "priority": 10, "parameters": {"seconds": 0.01}}


@dataclass(frozen=True)
class Result:
    """One case.

    Seconds from the fault until a new job was accepted and DONE, and from its end until the server was back
    and another job was DONE. `restarted`: the server did not come back by itself.
    """

    server: str
    role: str
    fault: Fault
    accepted: float
    done: float
    whole: float
    restarted: bool

    @property
    def note(self) -> str:
        """What had to be done manually."""
        return f", restarted by hand after {BY_ITSELF_SECONDS} s" if self.restarted else ""


class Probe:
    """A client that submits one job at a time and waits for it."""

    def __init__(self, gateways: Sequence[str]) -> None:
        """Sends requests to all gateways in turn."""
        self._gateways = list(gateways)

    def accepted(self) -> str:
        """Submit a job, retrying as a good client does; returns its id."""
        key = uuid.uuid4().hex

        def offered() -> str | None:
            answer = self._ask("POST", "/jobs", json=SPEC, headers={"Idempotency-Key": key})
            return str(answer.json()["id"]) if answer is not None and answer.is_success else None

        return eventually(offered, within_seconds=WITHIN_SECONDS, what="a submission") or ""

    def done(self, job: str) -> None:
        """Wait until the job is DONE."""

        def ended() -> bool:
            answer = self._ask("GET", f"/jobs/{job}")
            return answer is not None and answer.is_success and answer.json()["status"] == "DONE"

        eventually(ended, within_seconds=WITHIN_SECONDS, what=f"job {job} done")

    def _ask(self, method: str, path: str, **more: object) -> httpx.Response | None:
        self._gateways.append(self._gateways.pop(0))
        try:
            return httpx.request(
                method,
                self._gateways[0] + API + path,
                timeout=PROBE_SECONDS,
                **more,  # type: ignore[arg-type]
            )
        except httpx.TransportError:
            return None


def run_case(station: Station, fault: Fault, probe: Probe) -> Result:
    """Run one case; the fault lasts until a job submitted during it is DONE."""
    role = station.role()
    began = elapsed_seconds()
    station.suffer(fault)
    job = probe.accepted()
    accepted = elapsed_seconds() - began
    probe.done(job)
    done = elapsed_seconds() - began
    ended = elapsed_seconds()
    station.recover(fault)
    restarted = not _is_back(station, BY_ITSELF_SECONDS)
    if restarted:
        station.kill()
        station.start()
        assert _is_back(station, WITHIN_SECONDS), f"{station.name} does not come back"
    probe.done(probe.accepted())
    return Result(station.name, role, fault, accepted, done, elapsed_seconds() - ended, restarted)


def _is_back(station: Station, within_seconds: float) -> bool:
    try:
        return eventually(station.serves, within_seconds=within_seconds, what=f"{station.name} back")
    except AssertionError:
        return False


def run_all(
    stations: Sequence[Station], faults: Sequence[Fault], probe: Probe, say: Callable[[str], None]
) -> list[Result]:
    """Run every fault on every server."""
    results = []
    for fault in faults:
        for station in stations:
            result = run_case(station, fault, probe)
            results.append(result)
            say(
                f"{result.server} {result.role} {fault}: accepts after {result.accepted:.1f} s, "
                f"works after {result.done:.1f} s, whole again after {result.whole:.1f} s{result.note}"
            )
    return results


def show(console: Console, results: Sequence[Result]) -> None:
    """Print the table."""
    table = Table("server", "fault", "a new job is accepted after", "and done after", "whole again after")
    for one in results:
        server = f"{one.server} ({one.role})" if one.role else one.server
        seconds = [f"{number:.1f} s" for number in (one.accepted, one.done, one.whole)]
        seconds[-1] += one.note
        table.add_row(server, str(one.fault), *seconds)
    console.print(table)
