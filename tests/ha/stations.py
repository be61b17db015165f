"""A server on its host, and the faults it can suffer."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.ha.world import Host
from tests.soak.machines import freeze, thaw

from taskmanager_local.servers import RunningServer


class Fault(StrEnum):
    """A fault of one of three servers."""

    KILLED = "killed"
    FROZEN = "frozen"
    CUT_OFF = "cut-off"


@dataclass(frozen=True)
class Station:
    """One server of three.

    `serves` says whether it has come back, `role` what it is among the others, as far as that can be told.
    """

    name: str
    host: Host
    server: RunningServer
    serves: Callable[[], bool]
    role: Callable[[], str]

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return self.server.pid

    def kill(self) -> None:
        """SIGKILL."""
        self.server.kill()

    def start(self) -> None:
        """Start it again."""
        self.server.start()

    def suffer(self, fault: Fault) -> None:
        """Inflict the fault."""
        match fault:
            case Fault.KILLED:
                self.kill()
            case Fault.FROZEN:
                freeze(self.pid)
            case Fault.CUT_OFF:
                self.host.cut_off()

    def recover(self, fault: Fault) -> None:
        """Undo the fault; the server may need a while to come back."""
        match fault:
            case Fault.KILLED:
                self.start()
            case Fault.FROZEN:
                thaw(self.pid)
            case Fault.CUT_OFF:
                self.host.connect()
