"""One suite over the outbox in memory and the one in MongoDB; and what a kill leaves in the latter."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_job_reader import job
from tests.unit.notifications.receivers import Receiver, receiving
from tests.unit.notifications.samples import NOW, SECRET, channels, event, rule

from taskmanager.model.control import JobAction, Stop
from taskmanager.model.jobs import Attribution, JobError
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.notifications.deliveries import Bundle, DeliveryState, Notice, bundle
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import Pace, Rule
from taskmanager.model.notifications.watching import Condition, KnownGroup, Watched
from taskmanager.model.operations import JobFilter, Operation, OperationState
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status
from taskmanager.mongo import MongoNotifications, MongoReader, MongoStore
from taskmanager.ports.notification_store import NotificationStore
from taskmanager.ports.report_store import Among
from taskmanager.ports.store import Needs, Plan
from taskmanager.process.failpoints import END_AT, Failpoint
from taskmanager_scheduler.notifications.notifier import Notifier
from taskmanager_scheduler.notifications.sender import Sender
from taskmanager_scheduler.notifications.watcher import Watcher
from taskmanager_testing.clock import SetClock
from taskmanager_testing.notifications import MemoryNotifications
from taskmanager_testing.waiting import eventually_async

MINUTE = timedelta(minutes=1)


@dataclass
class Both:
    """The outbox, and what writes plans into its store."""

    outbox: NotificationStore
    write: Callable[[Plan], Awaitable[None]]

    async def send_soon(self, of: Rule, count: int) -> Bundle:
        """Notices of the rule, and the message for them."""
        notices = [Notice.of(of, event(number), NOW) for number in range(count)]
        await self.write(Plan(rules=[of], notices=notices))
        made = bundle(of, await self.outbox.waiting(of.id, NOW, 100), 0, NOW)
        assert made is not None
        assert await self.outbox.bundle(made)
        return made


@pytest.fixture
async def both(store_url: str | None) -> AsyncIterator[Both]:
    if store_url is None:
        memory = MemoryNotifications()

        async def keep(plan: Plan) -> None:
            memory.write(plan)
            memory.jobs += [after for _, after in plan.jobs]
            memory.operations += [after for _, after in plan.operations]

        yield Both(memory, keep)
        return
    store = MongoStore(store_url)

    async def write(plan: Plan) -> None:
        await store.apply(Needs(), lambda _: plan)

    yield Both(MongoNotifications(store.database), write)
    await store.close()


def watched(**fields: Any) -> Watched:
    return Watched(**{"looked": NOW, "failed_at": NOW, "operations_at": NOW, **fields})


async def test_a_rule_comes_back_as_it_was_and_is_replaced_by_its_id(both: Both) -> None:
    one = rule(plugins=("jp2",), projects=("Maps",), zone="Europe/Berlin")
    await both.write(Plan(rules=[one]))
    assert list(await both.outbox.rules()) == [one]
    other = one.model_copy(update={"name": "Other"})
    await both.write(Plan(rules=[other, rule(id="a-second")]))
    assert [found.name for found in await both.outbox.rules()] == ["Failures", "Other"]


async def test_what_a_rule_has_not_sent_goes_with_it(both: Both) -> None:
    one, other = rule(), rule(id="other")
    await both.send_soon(one, 1)
    await both.write(Plan(notices=[Notice.of(one, event(9), NOW), Notice.of(other, event(9), NOW)]))
    await both.write(Plan(removed_rules=[one.id]))
    assert await both.outbox.rules() == []
    assert await both.outbox.waiting(one.id, NOW, 10) == []
    assert await both.outbox.due(one.id, NOW) is None
    assert len(await both.outbox.waiting(other.id, NOW, 10)) == 1


async def test_what_waits_for_a_rule_that_is_gone_can_be_forgotten(both: Both) -> None:
    await both.send_soon(rule(), 2)
    await both.write(Plan(notices=[Notice.of(rule(id="other"), event(9), NOW)]))
    await both.outbox.forget({"rule-1"})
    assert await both.outbox.with_work(NOW) == {"other"}


async def test_a_rule_that_is_turned_off_forgets_what_waits(both: Both) -> None:
    one = rule()
    await both.write(Plan(rules=[one], notices=[Notice.of(one, event(), NOW)]))
    await both.write(Plan(rules=[one.model_copy(update={"on": False})]))
    assert await both.outbox.waiting(one.id, NOW, 10) == []


async def test_what_was_noticed_is_stored_together_with_what_is_known_and_only_once(both: Both) -> None:
    assert await both.outbox.watched() is None
    notice = Notice.of(rule(), event(), NOW)
    assert await both.outbox.note(watched(), [], first=True)
    known = watched(
        rev=2, failed_id="x", stops=("jp2 now",), groups=(KnownGroup(group="a b", told=10),),
        conditions=(Condition(key="no_runner a.b", since=NOW),),
    )  # fmt: skip
    assert await both.outbox.note(known, [notice], first=False)
    assert await both.outbox.watched() == known
    assert not await both.outbox.note(watched(rev=2), [Notice.of(rule(), event(2), NOW)], first=False)
    assert [one.id for one in await both.outbox.waiting("rule-1", NOW, 10)] == [notice.id]
    assert await both.outbox.note(watched(rev=3), [notice], first=False)
    assert list(await both.outbox.waiting("rule-1", NOW, 10)) == [notice]


async def test_notices_come_when_they_are_due(both: Both) -> None:
    notices = [
        Notice(id=f"n{number}", rule="rule-1", event=event(number), due=NOW + number * MINUTE)
        for number in (2, 0, 1)
    ]
    await both.write(Plan(notices=notices))
    found = await both.outbox.waiting("rule-1", NOW + MINUTE, 10)
    assert [one.id for one in found] == ["n0", "n1"]
    assert [one.id for one in await both.outbox.waiting("rule-1", NOW + 9 * MINUTE, 2)] == ["n0", "n1"]


async def test_the_rules_that_have_something_to_do_are_known(both: Both) -> None:
    assert await both.outbox.with_work(NOW) == frozenset()
    later = Notice(id="n", rule="later", event=event(), due=NOW + MINUTE)
    await both.write(Plan(notices=[later]))
    delivery = (await both.send_soon(rule(), 1)).delivery
    assert await both.outbox.with_work(NOW) == {"rule-1"}
    ended = {"state": DeliveryState.DELIVERED, "next_try": None, "ended": NOW, "rev": 2}
    await both.outbox.settle(delivery.model_copy(update=ended))
    assert await both.outbox.with_work(NOW) == frozenset()
    assert await both.outbox.with_work(NOW + MINUTE) == {"later"}


async def test_a_message_takes_its_notices_once(both: Both) -> None:
    made = await both.send_soon(rule(), 1)
    assert await both.outbox.waiting("rule-1", NOW, 10) == []
    assert await both.outbox.due("rule-1", NOW) == made.delivery
    assert not await both.outbox.bundle(made)
    assert await both.outbox.made_since("rule-1", NOW - MINUTE, 10) == 1
    assert await both.outbox.made_since("rule-1", NOW, 10) == 0


async def test_the_outcome_of_a_message_is_stored_under_its_rev(both: Both) -> None:
    delivery = (await both.send_soon(rule(), 1)).delivery
    later = {"attempts": 1, "next_try": NOW + MINUTE, "last_answer": "refused", "rev": 2}
    failed = delivery.model_copy(update=later)
    assert await both.outbox.settle(failed)
    assert not await both.outbox.settle(failed)
    assert await both.outbox.due("rule-1", NOW) is None
    assert await both.outbox.due("rule-1", NOW + MINUTE) == failed
    ended = {"state": DeliveryState.DELIVERED, "next_try": None, "ended": NOW, "rev": 3}
    assert await both.outbox.settle(failed.model_copy(update=ended))
    assert await both.outbox.due("rule-1", NOW + MINUTE) is None


async def test_failed_jobs_come_in_the_order_of_their_ends_over_all_plugins(both: Both) -> None:
    error = JobError(message="no", kind="E")
    jobs = [
        job(
            number, "jp2" if number % 2 else "noop", Status.ERROR,
            error=error, finished=NOW + timedelta(seconds=number // 2),
        )
        for number in range(8)
    ]  # fmt: skip
    cancelled = job(20, "jp2", Status.CANCELLED, finished=NOW)
    done = job(21, "jp2", Status.DONE, finished=NOW)
    await both.write(Plan(jobs=[(None, one) for one in [*jobs, cancelled, done]]))

    async def ids(after: tuple[Any, str], limit: int = 100, **span: Any) -> list[str]:
        until = NOW + timedelta(**(span or {"seconds": 60}))
        return [one.id for one in await both.outbox.failed_jobs(after, until=until, limit=limit)]

    everything = [one.id for one in jobs]
    assert await ids((NOW - MINUTE, "")) == everything
    assert await ids((NOW - MINUTE, ""), limit=3) == everything[:3]
    assert await ids((NOW, jobs[0].id)) == everything[1:]
    assert await ids((NOW, jobs[0].id), seconds=1) == everything[1:4]


async def test_operations_come_in_the_order_of_their_ends(both: Both) -> None:
    asked = Attribution(by="anna", at=NOW)
    made = [
        Operation(
            id=f"op-{number}", action=JobAction.HOLD, filter=JobFilter(plugin="jp2"), asked=asked,
            state=OperationState.DONE if number else OperationState.RUNNING,
            finished=NOW + number * MINUTE if number else None,
        )
        for number in range(4)
    ]  # fmt: skip
    await both.write(Plan(operations=[(None, one) for one in made]))
    found = await both.outbox.operations_ended(NOW + MINUTE, until=NOW + 2 * MINUTE, limit=10)
    assert [one.id for one in found] == ["op-2"]
    everything = await both.outbox.operations_ended(NOW, until=NOW + 9 * MINUTE, limit=2)
    assert [one.id for one in everything] == ["op-1", "op-2"]


async def test_the_gateway_reads_what_the_scheduler_wrote(mongodb_url: str) -> None:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    outbox = MongoNotifications(store.database)
    notices = [Notice.of(rule(), event(number), NOW) for number in range(3)]
    await store.apply(Needs(), lambda _: Plan(rules=[rule()], notices=notices))
    made = bundle(rule(), notices[:1], 0, NOW)
    assert made is not None
    await outbox.bundle(made)
    assert list(await reader.notification_rules()) == [rule()]
    assert list(await reader.deliveries("rule-1", 10)) == [made.delivery]
    assert await reader.notices_waiting("rule-1", 10) == 2
    await reader.close()
    await store.close()


SEND = """
import asyncio, sys
from pathlib import Path
from taskmanager.channels.settings import load
from taskmanager.mongo import MongoNotifications, MongoStore
from taskmanager.process.clock import SystemClock
from taskmanager_scheduler.notifications.sender import Sender

async def main(url, file):
    store = MongoStore(url)
    outbox = MongoNotifications(store.database)
    sender = Sender(load(Path(file)), outbox, SystemClock())
    [rule] = await outbox.rules()
    print(await sender.run_once(rule))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_sender_that_dies_between_sending_and_noting_sends_the_same_message_again(
    mongodb_url: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    store = MongoStore(mongodb_url)
    one = rule()
    notices = [Notice.of(one, event(), NOW)]
    await store.apply(Needs(), lambda _: Plan(rules=[one], notices=notices))
    async with receiving(Receiver()) as receiver:
        settings = tmp_path / "notifications.toml"
        settings.write_text(
            f'[channels.hook]\nkind = "webhook"\nurl = "{receiver.url}"\nprivate_addresses = true\n'
            f'secret_file = "{tmp_path / "secret"}"\n'
        )
        words = [sys.executable, "-c", SEND, mongodb_url, str(settings)]

        async def run(**environment: str) -> int:
            made = await asyncio.create_subprocess_exec(
                *words, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
            )
            return await made.wait()

        assert await run(**{END_AT: Failpoint.SCHEDULER_AFTER_NOTIFICATION.value}) == -signal.SIGKILL
        assert len(receiver.heard) == 1
        outbox = MongoNotifications(store.database)
        [left] = [await outbox.due(one.id, NOW + timedelta(days=365))]
        assert left is not None
        assert await run() == 0
        assert await outbox.due(one.id, NOW + timedelta(days=365)) is None
        first, second = receiver.heard
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == left.id
        assert first.body == second.body
        assert await run() == 0
        assert len(receiver.heard) == 2
    await store.close()


async def test_what_happens_in_the_database_is_told_by_a_webhook_once(
    mongodb_url: str, tmp_path: Path
) -> None:
    """All parts as a scheduler wires them, over the real database, from a failed job to the message."""
    (tmp_path / "secret").write_text(SECRET)
    store, reader, clock = MongoStore(mongodb_url), MongoReader(mongodb_url), SetClock(NOW)
    outbox = MongoNotifications(store.database)
    kinds = tuple(kind for kind in EventKind if kind is not EventKind.TEST)
    one = rule(kinds=kinds, pace=Pace.AT_ONCE)
    manifest = PluginManifest(name="jp2", title="JPEG 2000", job_type="JP2")
    plugin = InstalledPlugin(manifest=manifest, installed_at=NOW, rev=1)
    await store.apply(Needs(), lambda _: Plan(rules=[one], plugins=[plugin]))
    async with receiving(Receiver()) as receiver:
        hook = {"kind": "webhook", "url": receiver.url, "secret_file": str(tmp_path / "secret")}
        settings = channels(tmp_path, hook={**hook, "private_addresses": True})
        soon = timedelta(milliseconds=10)
        watcher = Watcher(outbox, reader, clock, {"main": Among(("main", None))}, settled=timedelta(0))
        sender = Sender(settings, outbox, clock)
        notifier = Notifier(
            outbox, watcher, sender, clock, active_for=timedelta(hours=1), look=soon, send=soon
        )
        stop = asyncio.Event()
        running = asyncio.create_task(notifier.run(stop))
        notifier.ticked()
        await eventually_async(outbox.watched, what="the first look")
        clock.moment = NOW + MINUTE
        error = JobError(message="no space left", kind="OSError")
        failed = job(1, "jp2", Status.ERROR, error=error, finished=NOW + MINUTE / 2, title="Atlas", rev=1)
        stop_of = Stop(by="anna", at=NOW + MINUTE / 2)
        stopped = plugin.model_copy(update={"stop": stop_of, "rev": 2})
        await store.apply(Needs(), lambda _: Plan(jobs=[(None, failed)], plugins=[stopped]))

        async def told() -> list[str] | None:
            """The kinds of events that were told, once all are."""
            bodies = [json.loads(heard.body) for heard in receiver.heard]
            found = sorted(event["kind"] for body in bodies for event in body["events"])
            return found if len(found) == 3 else None

        assert await eventually_async(told, what="three events") == [
            "error_group", "job_failed", "plugin_stopped",
        ]  # fmt: skip
        known = await outbox.watched()
        assert known is not None
        clock.moment = NOW + 2 * MINUTE

        async def looked_again() -> bool:
            again = await outbox.watched()
            return again is not None and again.looked > known.looked

        await eventually_async(looked_again, what="another look")
        assert len(receiver.heard) == 3
        stop.set()
        await running
    await reader.close()
    await store.close()
