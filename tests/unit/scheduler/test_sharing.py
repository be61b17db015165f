"""The schedulers share the partitions fairly, by one rule, and only after all had the time to be heard."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager.model.manifest import PluginManifest
from taskmanager.model.partitions import Partition
from taskmanager.model.registry import InstalledPlugin
from taskmanager_scheduler.background import sharing as module
from taskmanager_scheduler.background.sharing import Sharing, shares

NOW = datetime(2027, 1, 1, tzinfo=UTC)
COUNTS = st.integers(1, 16)
NAMES = st.sets(st.text("abc", min_size=1), min_size=1, max_size=6)


@given(COUNTS, st.sets(st.integers(0, 15)), NAMES)
def test_everybody_has_about_as_many_partitions_and_about_as_many_with_plugins(
    count: int, occupied: set[int], names: set[str]
) -> None:
    dealt = shares(count, occupied, names)
    there = [name for number, name in enumerate(dealt) if number in occupied]
    for shared in (dealt, there):
        held = Counter(dict.fromkeys(names, 0)) + Counter(shared)
        numbers = [held[name] for name in names]
        assert sum(numbers) == len(shared)
        assert max(numbers) - min(numbers) <= 1


@given(COUNTS, st.sets(st.integers(0, 15)), NAMES)
def test_the_share_does_not_depend_on_who_asks(count: int, occupied: set[int], names: set[str]) -> None:
    turned = sorted(names, reverse=True)
    assert shares(count, occupied, names) == shares(count, sorted(occupied), turned)


class Time:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(module, "time", made)
    return made


class Place:
    """One scheduler's side of one partition of two; the plugins sleep and noop belong to 0 and 1."""

    def __init__(self, partition: int, name: str) -> None:
        self.given_up = 0
        self.sharing = Sharing(
            Partition(partition, 2),
            name,
            interval=timedelta(seconds=5),
            plugins=self._plugins,
            give_up=self._give_up,
        )

    async def _plugins(self) -> Sequence[InstalledPlugin]:
        manifests = [PluginManifest(name=name, title=name, job_type=name) for name in ("sleep", "noop")]
        return [InstalledPlugin(manifest=manifest, installed_at=NOW) for manifest in manifests]

    async def _give_up(self) -> None:
        self.given_up += 1


async def test_who_has_anothers_share_gives_it_up_once_all_had_the_time_to_be_heard(time: Time) -> None:
    place = Place(1, "a")
    place.sharing.ticked({"a", "b"})
    assert not await place.sharing.run_once()
    time.now += 10
    place.sharing.ticked({"a", "b"})
    assert await place.sharing.run_once()
    assert place.given_up == 1
    assert not await place.sharing.run_once()  # it has nothing to give up any more


async def test_who_has_its_own_share_keeps_it(time: Time) -> None:
    place = Place(0, "a")
    for _ in range(5):
        place.sharing.ticked({"a", "b"})
        time.now += 5
        assert not await place.sharing.run_once()


async def test_a_scheduler_that_is_no_longer_heard_has_no_share(time: Time) -> None:
    place = Place(1, "a")
    place.sharing.ticked({"a", "b"})
    for _ in range(4):
        time.now += 5
        place.sharing.ticked({"a"})
    assert not await place.sharing.run_once()
    place.sharing.ticked({"b"})
    assert await place.sharing.run_once()


async def test_who_stands_by_gives_nothing_up(time: Time) -> None:
    place = Place(1, "a")
    time.now += 100
    assert not await place.sharing.run_once()
    place.sharing.ticked({"a", "b"})
    time.now += 100  # the inbox is another's since then
    assert not await place.sharing.run_once()
    assert place.given_up == 0
