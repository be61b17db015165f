"""`make ha`: fails each of three broker nodes and three database members in turn, under load.

Submissions, stops and cancels continue meanwhile; every invariant is checked as in `make soak`, and a table
shows how long each case took. Runs once for each release of RabbitMQ and names those that are unavailable.
Exit code 1 if anything was violated or could not be tried.
"""

import argparse
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.ha import world
from tests.ha.cases import Probe, run_all, show
from tests.ha.releases import SUITES, Release, release
from tests.ha.stations import Fault, Station
from tests.ha.system import running_system
from tests.soak.__main__ import Soak, carried_out, console
from tests.soak.machines import Machines

from taskmanager_local.commands import LocalStackError
from taskmanager_testing.goobi import RunningGoobi

CASE_SECONDS = 25
"""The expected duration of one case; the submissions are spread over that time."""
INSIDE = "--inside"


class HighAvailability(Soak):
    """One run with one release of the broker."""

    def __init__(self, options: argparse.Namespace, folder: Path, broker: Release) -> None:
        """Starts nothing yet."""
        super().__init__(options, folder)
        self._broker = broker
        self._stations: list[Station] = []

    @contextmanager
    def machines(self, folder: Path, roots: Path, settings: Mapping[str, str]) -> Iterator[Machines]:
        """Three of each server."""
        options = self._options
        running = running_system(
            folder, roots, self._broker, runners=options.runners, slots=options.slots, settings=settings
        )
        with running as (machines, stations):
            self._stations = [one for one in stations if _is_chosen(one, options.servers)]
            yield machines

    def trouble(self, machines: Machines, goobi: RunningGoobi) -> None:
        """Every case; Goobi is not faulted."""
        del goobi
        results = run_all(self._stations, self._options.faults, Probe(machines.gateways), self.say)
        console.print(f"RabbitMQ {self._broker.version}, {self._options.jobs} jobs")
        show(console, results)


def _is_chosen(station: Station, names: list[str]) -> bool:
    return not names or station.name in names or station.role() in names


def main() -> None:
    """Run each release in its own network."""
    options = _options()
    if options.inside:
        sys.exit(0 if _inside(options) else 1)
    if problem := world.obstacle():
        console.print(f"NOT TRIED: {problem}", markup=False)
        sys.exit(1)
    held = [_release(options, name) for name in options.releases]
    sys.exit(0 if all(held) else 1)


def _release(options: argparse.Namespace, name: str) -> bool:
    """Start this program again inside the network."""
    try:
        release(name, options.brokers.resolve())
    except (LocalStackError, OSError, subprocess.SubprocessError) as error:
        console.print(f"NOT TRIED: RabbitMQ of {name}: {error}", markup=False)
        return False
    command = [*world.entering(), sys.executable, "-m", "tests.ha", *sys.argv[1:], INSIDE, name]
    return subprocess.run(command, check=False).returncode == 0


def _inside(options: argparse.Namespace) -> bool:
    folder = options.folder or Path(tempfile.mkdtemp(prefix="taskmanager-ha-"))
    broker = release(options.inside, options.brokers.resolve())
    options.minutes = len(options.faults) * (len(options.servers) or 6) * CASE_SECONDS / 60
    console.print(f"seed {options.seed}, RabbitMQ {broker.version}, {options.jobs} jobs, data in {folder}")
    return carried_out(HighAvailability(options, folder, broker), folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make ha", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--releases", nargs="+", choices=SUITES, default=["debian", "trixie"])
    parser.add_argument("--faults", nargs="+", type=Fault, default=list(Fault))
    parser.add_argument("--servers", nargs="+", default=[], help="server names, or `primary` (default: all)")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--runners", type=int, default=1, help="runners per plugin")
    parser.add_argument("--slots", type=int, default=3, help="slots per runner")
    parser.add_argument("--command-seconds", type=float, default=0.5, help="seconds between two commands")
    parser.add_argument(
        "--rest-seconds", type=float, help="seconds within which some of the remaining work must be done"
    )
    parser.add_argument(
        "--brokers", type=Path, default=Path(".brokers"), help="folder with newer broker releases"
    )
    parser.add_argument("--folder", type=Path, help="folder for data and logs; must not exist")
    parser.add_argument(INSIDE, choices=SUITES, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
