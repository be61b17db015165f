"""The contract of every engine as one suite, and an engine in memory that fulfils it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.port import Engine, EngineUnavailableError, Found, StartRefusedError
from taskmanager_testing.waiting import eventually_async

STEADY, STUBBORN, CRASHING, BROKEN = "steady", "stubborn", "crashing", "broken"
"""Plugins: one that ends when asked, one that does not, one that ends by itself with code 3, and one that
cannot be started."""
PATIENT = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'
"""A program for the shell that ends when asked, also as the first process of a container."""
DEAF = 'trap "" TERM; while :; do sleep 1; done'
Make = Callable[[str], Engine]


class EngineContract:
    """What every engine does; subclasses provide the fixture `make`: an engine for a place."""

    @pytest.fixture
    async def engine(self, make: Make) -> AsyncIterator[Engine]:
        """An engine of the place `here`."""
        made = make("here")
        yield made
        await made.close()

    async def test_an_empty_place_has_no_runners(self, engine: Engine) -> None:
        assert list(await engine.look()) == []

    async def test_a_runner_runs_until_it_is_asked_to_end(self, engine: Engine) -> None:
        await engine.start(STEADY, "here.steady.1")
        [found] = await in_state(engine, ReplicaState.RUNNING)
        assert (found.plugin, found.name, found.runner) == (STEADY, "here.steady.1", "here.steady.1")
        await engine.stop(STEADY, ["here.steady.1"])
        [ended] = await in_state(engine, ReplicaState.FAILING)
        assert ended.detail
        await engine.remove(STEADY, "here.steady.1")
        assert list(await engine.look()) == []

    async def test_runners_are_listed_in_a_stable_order(self, engine: Engine) -> None:
        names = ["here.steady.2", "here.steady.1", "here.steady.3"]
        for name in names:
            await engine.start(STEADY, name)
        assert [one.name for one in await engine.look()] == sorted(names)

    async def test_one_that_does_not_listen_is_killed(self, engine: Engine) -> None:
        await engine.start(STUBBORN, "here.stubborn.1")
        await in_state(engine, ReplicaState.RUNNING)
        await engine.stop(STUBBORN, ["here.stubborn.1"])
        assert [one.state for one in await engine.look()] != [ReplicaState.FAILING]
        await engine.kill(STUBBORN, "here.stubborn.1")
        await in_state(engine, ReplicaState.FAILING)

    async def test_one_that_ends_by_itself_tells_how(self, engine: Engine) -> None:
        await engine.start(CRASHING, "here.crashing.1")
        [found] = await in_state(engine, ReplicaState.FAILING)
        assert "exit code 3" in found.detail

    async def test_one_that_cannot_be_started_leaves_nothing_behind(self, engine: Engine) -> None:
        with pytest.raises(StartRefusedError):
            await engine.start(BROKEN, "here.broken.1")
        assert list(await engine.look()) == []

    async def test_a_plugin_without_a_template_is_refused(self, engine: Engine) -> None:
        with pytest.raises(StartRefusedError):
            await engine.start("unknown", "here.unknown.1")

    async def test_an_ended_one_can_be_started_again_under_its_name(self, engine: Engine) -> None:
        await engine.start(CRASHING, "here.crashing.1")
        await in_state(engine, ReplicaState.FAILING)
        await engine.remove(CRASHING, "here.crashing.1")
        await engine.start(CRASHING, "here.crashing.1")
        assert len(await engine.look()) == 1

    async def test_the_next_orchestrator_finds_and_ends_them(self, engine: Engine, make: Make) -> None:
        await engine.start(STEADY, "here.steady.1")
        await in_state(engine, ReplicaState.RUNNING)
        following = make("here")
        assert [one.name for one in await following.look()] == ["here.steady.1"]
        await following.stop(STEADY, ["here.steady.1"])
        await in_state(engine, ReplicaState.FAILING)
        await following.close()

    async def test_those_of_others_are_neither_seen_nor_touched(self, engine: Engine, make: Make) -> None:
        await engine.start(STEADY, "here.steady.1")
        await in_state(engine, ReplicaState.RUNNING)
        other = make("there")
        assert list(await other.look()) == []
        for stranger, plugin in ((other, STEADY), (engine, STUBBORN)):
            await stranger.stop(plugin, ["here.steady.1"])
            await stranger.kill(plugin, "here.steady.1")
            await stranger.remove(plugin, "here.steady.1")
        assert [one.state for one in await engine.look()] == [ReplicaState.RUNNING]
        await other.close()

    async def test_one_that_runs_is_not_removed(self, engine: Engine) -> None:
        await engine.start(STEADY, "here.steady.1")
        await in_state(engine, ReplicaState.RUNNING)
        await engine.remove(STEADY, "here.steady.1")
        assert len(await engine.look()) == 1

    async def test_everything_but_a_start_may_be_repeated(self, engine: Engine) -> None:
        await engine.start(STEADY, "here.steady.1")
        for _ in range(2):
            await engine.stop(STEADY, ["here.steady.1"])
        await in_state(engine, ReplicaState.FAILING)
        for _ in range(2):
            await engine.stop(STEADY, ["here.steady.1"])
            await engine.kill(STEADY, "here.steady.1")
        for _ in range(2):
            await engine.remove(STEADY, "here.steady.1")
        await engine.stop(STEADY, ["here.steady.1"])
        assert list(await engine.look()) == []


async def in_state(engine: Engine, state: ReplicaState) -> Sequence[Found]:
    """The runners once all are in this state."""

    async def look() -> Sequence[Found]:
        found = await engine.look()
        return found if found and all(one.state is state for one in found) else []

    return await eventually_async(look, what=state)


@dataclass
class Machine:
    """What the engines in memory share: runners by name, with place, plugin, state and words about an end."""

    runners: dict[str, tuple[str, Found]] = field(default_factory=dict)
    available: bool = True

    def put(self, place: str, found: Found) -> None:
        """Have this runner, in this state."""
        self.runners[found.name] = (place, found)

    def end(self, name: str, detail: str = "exit code 0") -> None:
        """Let a runner end."""
        place, found = self.runners[name]
        self.put(place, Found(found.plugin, name, name, ReplicaState.FAILING, detail))


class FakeEngine:
    """Implements `Engine` in memory: runners run at once, and end when asked unless they are stubborn."""

    name = "fake"
    last_only = False

    def __init__(self, machine: Machine, place: str, plugins: Sequence[str]) -> None:
        """`plugins` have templates."""
        self._machine, self._place, self._plugins = machine, place, plugins
        self.lingering = False
        """While set, runners that are asked to end need to be ended by the test."""
        self.asked: list[str] = []
        self.killed: list[str] = []

    async def look(self) -> Sequence[Found]:
        """See the port."""
        self._answer()
        own = (found for place, found in self._machine.runners.values() if place == self._place)
        return sorted(own, key=lambda one: one.name)

    async def start(self, plugin: str, name: str) -> None:
        """See the port."""
        self._answer()
        if plugin not in self._plugins or plugin == BROKEN:
            raise StartRefusedError(f"no image for {plugin}")
        self._machine.put(self._place, Found(plugin, name, name, ReplicaState.RUNNING))
        if plugin == CRASHING:
            self._machine.end(name, "exit code 3")

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """See the port."""
        self._answer()
        for name in filter(lambda one: self._runs(plugin, one), names):
            self.asked.append(name)
            if plugin != STUBBORN and not self.lingering:
                self._machine.end(name)

    async def kill(self, plugin: str, name: str) -> None:
        """See the port."""
        self._answer()
        if self._runs(plugin, name):
            self.killed.append(name)
            self._machine.end(name, "ended by SIGKILL")

    async def remove(self, plugin: str, name: str) -> None:
        """See the port."""
        self._answer()
        if self._is_ours(plugin, name) and not self._runs(plugin, name):
            del self._machine.runners[name]

    async def close(self) -> None:
        """See the port."""

    def _answer(self) -> None:
        if not self._machine.available:
            raise EngineUnavailableError("fake: no answer")

    def _is_ours(self, plugin: str, name: str) -> bool:
        place, found = self._machine.runners.get(name, ("", None))
        return found is not None and (place, found.plugin) == (self._place, plugin)

    def _runs(self, plugin: str, name: str) -> bool:
        return self._is_ours(plugin, name) and self._machine.runners[name][1].state is ReplicaState.RUNNING
