"""The faults: kills, freezes, purged and deleted queues, doubled messages. Seeded; run by the main thread."""

import heapq
from collections.abc import Callable
from random import Random

import pika
import psutil
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from tests.plugins.taskmanager_test_plugins.soak import SoakOutside
from tests.soak.book import Book
from tests.soak.machines import PLUGINS, Machines, elapsed_seconds, freeze, signal_if_alive, thaw
from tests.soak.restoring.backup import Backup

from taskmanager.messages import Ticket
from taskmanager.messages.topology import MAX_PRIORITY, Topology
from taskmanager_scheduler.jobs.starts import LEASE
from taskmanager_testing.goobi import RunningGoobi

FAULTS = {
    "gateway": 3,
    "scheduler": 4,
    "runner": 5,
    "slot": 6,
    "broker": 2,
    "mongod": 2,
    "freeze": 3,
    "purge": 2,
    "delete": 1,
    "double": 4,
    "goobi": 2,
    "stall": 1,
    "restore": 2,
}
LONGEST_DOWN_SECONDS = 3.0
LONGEST_FREEZE_SECONDS = 12.0
"""Much shorter than a lease."""
STALL_SECONDS = LEASE.total_seconds() + 5
"""Longer than a lease."""
STALLED_RUNNERS = [plugin for plugin in PLUGINS if plugin != SoakOutside.manifest.name]
"""What a job does outside its process folder while its runner is frozen cannot be fenced."""
DOUBLES = 40
GOOBI, STALLED = "goobi", "one that stands"
TOPOLOGY = Topology()


class Chaos:
    """Causes one fault at a time, and undoes each when it is due."""

    def __init__(
        self,
        machines: Machines,
        goobi: RunningGoobi,
        backup: Backup,
        book: Book,
        random: Random,
        *,
        every: float,
    ) -> None:
        """`every`: seconds between two faults, on average."""
        self._machines, self._goobi_server, self._backup = machines, goobi, backup
        self._book, self._random, self._every = book, random, every
        self._due: list[tuple[float, int, str, Callable[[], None]]] = []
        self._down: set[str] = set()
        self._number = 0
        self._next = elapsed_seconds() + every

    def run_once(self) -> None:
        """Do what is due now."""
        self._undo(elapsed_seconds())
        if elapsed_seconds() >= self._next:
            self._next = elapsed_seconds() + self._random.uniform(0.3, 1.7) * self._every
            fault = self._random.choices(list(FAULTS), list(FAULTS.values()))[0]
            getattr(self, f"_{fault}")()

    def end(self) -> None:
        """Bring everything up again."""
        self._undo(float("inf"))

    def _undo(self, until: float) -> None:
        while self._due and self._due[0][0] <= until:
            _, _, name, undo = heapq.heappop(self._due)
            undo()
            self._down.discard(name)

    def _later(self, name: str, longest: float, undo: Callable[[], None]) -> None:
        self._after(name, self._random.uniform(0, longest), undo)

    def _after(self, name: str, seconds: float, undo: Callable[[], None]) -> None:
        self._number += 1
        due = elapsed_seconds() + seconds
        heapq.heappush(self._due, (due, self._number, name, undo))

    def _standing(self, prefix: str) -> list[str]:
        return [
            name
            for name in (*self._machines.services, "broker", "mongod")
            if name.startswith(prefix) and name not in self._down
        ]

    def _kill(self, prefix: str) -> None:
        if names := self._standing(prefix):
            name = self._random.choice(names)
            machine = self._machines.named(name)
            machine.kill()
            self._down.add(name)
            self._book.count(f"kills {prefix}")
            self._later(name, LONGEST_DOWN_SECONDS, machine.start)

    def _gateway(self) -> None:
        self._kill("gateway")

    def _scheduler(self) -> None:
        self._kill("scheduler")

    def _runner(self) -> None:
        self._kill("runner")

    def _broker(self) -> None:
        self._kill("broker")

    def _mongod(self) -> None:
        self._kill("mongod")

    def _slot(self) -> None:
        """Kill a process below a runner, as the kernel does when memory runs out."""
        if names := self._standing("runner"):
            slots = self._machines.slots(self._random.choice(names))
            if slots:
                self._end(self._random.choice(slots))

    def _end(self, process: psutil.Process) -> None:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            return
        self._book.count("kills slot")

    def _freeze(self) -> None:
        if names := self._standing(""):
            name = self._random.choice(names)
            pid = self._machines.named(name).pid
            freeze(pid)
            self._down.add(name)
            self._book.count(f"freezes {name.split('-')[0]}")
            self._later(name, LONGEST_FREEZE_SECONDS, lambda: thaw(pid))

    def _stall(self) -> None:
        """Freeze a scheduler, or a runner with its jobs as on a frozen machine, for longer than a lease."""
        prefixes = ["scheduler", *(f"runner-{plugin}" for plugin in STALLED_RUNNERS)]
        names = [name for prefix in prefixes for name in self._standing(prefix)]
        if STALLED in self._down or not names:
            return
        name = self._random.choice(names)
        service = self._machines.services[name]
        pids = [service.pid, *(one.pid for one in self._machines.slots(name))]
        for pid in pids:
            signal_if_alive(pid, freeze)
        self._down |= {name, STALLED}
        self._book.count(f"stalls {name.split('-')[0]}")

        def go_on() -> None:
            for pid in pids:
                signal_if_alive(pid, thaw)
            self._down.discard(STALLED)

        self._after(name, STALL_SECONDS, go_on)

    def back_up_or_restore(self) -> None:
        """Copy the database while everything else is up, or restore the last copy."""
        self.end()
        if self._backup.taken:
            self._backup.restore()
            self._book.count("restores of the database")
        else:
            self._backup.take()
            self._book.count("copies of the database")

    def _restore(self) -> None:
        """Not while something is frozen for longer than a lease, since that would end it."""
        if STALLED not in self._down:
            self.back_up_or_restore()

    def _goobi(self) -> None:
        if GOOBI not in self._down:
            self._goobi_server.stop()
            self._down.add(GOOBI)
            self._book.count("kills goobi")
            self._later(GOOBI, LONGEST_DOWN_SECONDS, self._goobi_server.start)

    def _purge(self) -> None:
        queue = TOPOLOGY.jobs(self._random.choice(PLUGINS)).name
        self._on_broker("purged queues", lambda channel: channel.queue_purge(queue))

    def _delete(self) -> None:
        queue = TOPOLOGY.jobs(self._random.choice(PLUGINS)).name
        self._on_broker("deleted queues", lambda channel: channel.queue_delete(queue))

    def _double(self) -> None:
        """Publish tickets of this and other dispatches twice."""
        ids = self._book.recent()
        chosen = self._random.choices(ids, k=DOUBLES) if ids else []

        def publish(channel: BlockingChannel) -> None:
            properties = pika.BasicProperties(priority=MAX_PRIORITY)
            for job in chosen:
                body = Ticket(job=job, dispatch=self._random.randint(0, 4)).encode()
                channel.basic_publish(TOPOLOGY.dispatch, self._book.plugins[job], body, properties)
                self._book.count("doubled tickets")

        self._on_broker("doublings", publish)

    def _on_broker(self, what: str, work: Callable[[BlockingChannel], object]) -> None:
        if "broker" in self._down:
            return
        parameters = pika.URLParameters(self._machines.urls.broker)
        parameters.socket_timeout = parameters.blocked_connection_timeout = 5
        try:
            connection = pika.BlockingConnection(parameters)
            try:
                work(connection.channel())
            finally:
                connection.close()
        except AMQPError:
            self._book.count(f"{what} not done")
            return
        self._book.count(what)
