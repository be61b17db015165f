"""The orchestrator of one place: reports what there is, takes orders, and has them followed."""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import uuid4

from taskmanager.errors import InvalidMessageError, TemporaryError
from taskmanager.messages import Notice, ReplicaOrders, ReplicasReported, decode_orders
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery, Publisher
from taskmanager.process.logs import get_logger
from taskmanager_orchestrator.keeper import Keeper
from taskmanager_orchestrator.metrics import ENGINE_UP
from taskmanager_orchestrator.port import Engine, EngineUnavailableError

REPORT = timedelta(seconds=5)
"""Time between two reports of a place where nothing changes."""
LOOK = timedelta(seconds=1)
PROBLEM_LIMIT = 300

log = get_logger(__name__)


class Place:
    """Between the scheduler and the keeper."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        place: str,
        engine: Engine,
        keeper: Keeper,
        publisher: Publisher,
        topology: Topology,
        *,
        plugins: Iterable[str],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`plugins` are those that can be started here; `seconds` is a steady clock."""
        self._place, self._engine, self._keeper = place, engine, keeper
        self._publisher, self._topology, self._seconds = publisher, topology, seconds
        self._plugins = sorted(plugins)
        self._agent = uuid4().hex
        self._told: dict[str, ReplicasReported] = {}
        self._told_at = float("-inf")
        self._seq = 0
        self._wake = asyncio.Event()
        self._asked = False
        self.problem: str | None = "the engine was not asked yet"
        """Why the engine cannot be asked."""

    def check(self) -> str | None:
        """What keeps the orchestrator from working, or None."""
        return self.problem

    def on_control(self, delivery: Delivery) -> None:
        """Take orders, or the request to report."""
        try:
            message = decode_orders(delivery.body)
        except InvalidMessageError as error:
            log.warning("control_message_dropped", error=str(error))
            return
        match message:
            case Notice():
                self._asked = True
            case ReplicaOrders() if message.agent == self._agent:
                self._keeper.order(message)
        self._wake.set()

    def connected(self) -> None:
        """The connection to the broker is open: report at once."""
        self._asked = True
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; the runners go on without their orchestrator."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self.tick()
                waking = asyncio.create_task(self._wake.wait())
                waits = {stopping, waking}
                await asyncio.wait(waits, timeout=LOOK.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                self._wake.clear()
        finally:
            stopping.cancel()
            await self._engine.close()

    async def tick(self) -> None:
        """Follow the orders once and report what has changed, or everything if that is due."""
        now = self._seconds()
        due = self._asked or now - self._told_at >= REPORT.total_seconds()
        self._asked = False
        reports = await self._reports()
        try:
            for report in reports:
                if due or self._told.get(report.plugin) != report:
                    await self._send(report)
        except TemporaryError as error:
            self._told.clear()
            log.warning("report_unsent", error=str(error))
            return
        if due:
            self._told_at = now

    async def _reports(self) -> list[ReplicasReported]:
        try:
            replicas = await self._keeper.step()
        except EngineUnavailableError as error:
            self._note(str(error)[:PROBLEM_LIMIT])
            return [self._report(plugin, problem=self.problem) for plugin in self._plugins]
        self._note(None)
        return [self._report(plugin, replicas=own) for plugin, own in replicas.items()]

    def _note(self, problem: str | None) -> None:
        if problem != self.problem and problem is not None:
            log.warning("engine_unavailable", engine=self._engine.name, error=problem)
        elif problem != self.problem:
            log.info("engine_answers", engine=self._engine.name)
        self.problem = problem
        ENGINE_UP.set(problem is None)

    def _report(self, plugin: str, **facts: object) -> ReplicasReported:
        return ReplicasReported.model_validate(
            {
                "plugin": plugin,
                "place": self._place,
                "agent": self._agent,
                "seq": 1,  # replaced when it is sent
                "engine": self._engine.name,
                "most": self._keeper.most_of(plugin),
                "last_only": self._engine.last_only,
                **facts,
            }
        )

    async def _send(self, report: ReplicasReported) -> None:
        """Not persistent: it is worthless when the next one has come."""
        self._seq += 1
        key = self._topology.replicas_key_of(self._topology.partition_of(report.plugin))
        body = report.model_copy(update={"seq": self._seq}).encode()
        await self._publisher.publish(self._topology.events, key, body, persistent=False)
        self._told[report.plugin] = report
