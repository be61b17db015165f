"""The orchestrator's metrics."""

from taskmanager.process.metrics import PREFIX, Counter, Gauge

ENGINE_UP = Gauge(f"{PREFIX}orchestrator_engine_up", "1 while the engine answers the orchestrator")
STARTED = Counter(f"{PREFIX}orchestrator_started_total", "Runners started", ["plugin"])
STOPPED = Counter(
    f"{PREFIX}orchestrator_stopped_total", "Runners stopped because fewer are wanted", ["plugin"]
)
ENDED = Counter(
    f"{PREFIX}orchestrator_failed_total",
    "Runners that ended by themselves or could not be started",
    ["plugin"],
)
