"""Which events a rule wants, when they are due, and what is put into one message."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.model.notifications.deliveries import A_MINUTE_MOST, BUNDLED_MOST, Notice, bundle
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import Pace, Rule

from .samples import NOW, event, rule

NIGHT = {"quiet_from": time(20), "quiet_to": time(7)}
BERLIN = ZoneInfo("Europe/Berlin")


def at(hour: int, minute: int = 0, day: int = 28) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"on": False}, False),
        ({"kinds": (EventKind.NO_RUNNER,)}, False),
        ({"plugins": ("jp2", "ocr")}, True),
        ({"plugins": ("ocr",)}, False),
        ({"plugins": ()}, False),
        ({"projects": ("Maps",)}, True),
        ({"projects": ("Letters",)}, False),
    ],
)
def test_a_rule_wants_what_fits_all_its_conditions(fields: dict[str, Any], wanted: bool) -> None:
    assert rule(**fields).wants(event(project="Maps")) is wanted


def test_an_event_of_no_plugin_is_for_rules_about_all() -> None:
    away = event(kind=EventKind.SCHEDULER_AWAY, plugin=None)
    kinds = (EventKind.SCHEDULER_AWAY,)
    assert rule(kinds=kinds).wants(away)
    assert not rule(kinds=kinds, plugins=("jp2",)).wants(away)


def test_an_old_queue_is_for_rules_with_that_age() -> None:
    old = event(kind=EventKind.QUEUE_OLD, minutes=60)
    kinds = (EventKind.QUEUE_OLD,)
    assert rule(kinds=kinds, minutes_waiting=60).wants(old)
    assert not rule(kinds=kinds, minutes_waiting=30).wants(old)


@pytest.mark.parametrize(
    ("fields", "now", "due"),
    [
        ({}, at(12), at(12)),
        ({"pace": Pace.INTERVAL, "interval_minutes": 15}, at(12, 1), at(12, 15)),
        ({"pace": Pace.INTERVAL, "interval_minutes": 15}, at(12, 15), at(12, 30)),
        ({"pace": Pace.DAILY, "daily_at": time(8)}, at(7, 59), at(8)),
        ({"pace": Pace.DAILY, "daily_at": time(8)}, at(8), at(8, day=29)),
        ({"quiet_from": time(20), "quiet_to": time(7)}, at(19, 59), at(19, 59)),
        ({"quiet_from": time(20), "quiet_to": time(7)}, at(20), at(7, day=29)),
        ({"quiet_from": time(20), "quiet_to": time(7)}, at(6, 59), at(7)),
        ({"quiet_from": time(20), "quiet_to": time(7)}, at(7), at(7)),
        ({"quiet_from": time(9), "quiet_to": time(17)}, at(12), at(17)),
        (
            {"pace": Pace.DAILY, "daily_at": time(6), "quiet_from": time(20), "quiet_to": time(7)},
            at(5),
            at(7),
        ),
    ],
)
def test_what_is_noticed_is_due_at_the_pace_of_the_rule_and_not_in_quiet_hours(
    fields: dict[str, Any], now: datetime, due: datetime
) -> None:
    assert rule(zone="Europe/Berlin", **fields).due(now) == due


def test_a_daily_message_comes_at_the_same_hour_when_clocks_change() -> None:
    """On 28 March 2027 clocks in Berlin go from 2 to 3 o'clock."""
    before = datetime(2027, 3, 27, 9, 0, tzinfo=BERLIN).astimezone(UTC)
    due = rule(zone="Europe/Berlin", pace=Pace.DAILY, daily_at=time(8)).due(before)
    assert due.astimezone(BERLIN) == datetime(2027, 3, 28, 8, 0, tzinfo=BERLIN)
    assert due - before == timedelta(hours=22)


HOURS = st.times().map(lambda moment: moment.replace(second=0, microsecond=0, fold=0))


@given(
    minute=st.integers(0, 2 * 366 * 24 * 60),
    begin=HOURS,
    end=HOURS,
    pace=st.sampled_from(Pace),
    minutes=st.integers(1, 1_440),
)
def test_nothing_is_due_in_quiet_hours_or_earlier_than_it_happened(
    minute: int, begin: time, end: time, pace: Pace, minutes: int
) -> None:
    if begin == end:
        return
    now = NOW + timedelta(minutes=minute)
    quiet = {"quiet_from": begin, "quiet_to": end}
    made = rule(zone="Europe/Berlin", pace=pace, interval_minutes=minutes, **quiet)
    due = made.due(now)
    assert now <= due <= now + timedelta(days=3)
    local = due.astimezone(BERLIN)
    if datetime.combine(local.date(), end, BERLIN).astimezone(UTC) != due:  # a skipped hour ends at its end
        assert not made._is_quiet(local.time())


@pytest.mark.parametrize(
    "fields",
    [
        {"kinds": ()},
        {"kinds": (EventKind.TEST,)},
        {"quiet_from": time(8)},
        {"quiet_from": time(8), "quiet_to": time(8)},
        {"zone": "Europe/Atlantis"},
        {"zone": "../../etc/passwd"},
        {"recipients": ("anna@example.org\nBcc: all@example.org",)},
        {"recipients": ("anna@example.org, otto@example.org",)},
        {"recipients": ("anna",)},
        {"name": " "},
        {"language": "fr"},
        {"interval_minutes": 0},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**fields)


def test_a_stored_rule_comes_back_as_it_was() -> None:
    one = rule(daily_at=time(6, 30), quiet_from=time(20), quiet_to=time(7), plugins=("jp2",))
    assert Rule.model_validate(one.model_dump(mode="json")) == one


def notices(count: int, of: Rule) -> list[Notice]:
    return [Notice.of(of, event(number), NOW) for number in range(count)]


def test_few_events_have_a_message_each_and_many_come_together() -> None:
    one = rule()
    few = bundle(one, notices(3, one), 0, NOW)
    assert few is not None
    assert len(few.delivery.events) == 1
    many = bundle(one, notices(A_MINUTE_MOST + 1, one), 0, NOW)
    assert many is not None
    assert len(many.delivery.events) == A_MINUTE_MOST + 1
    rest = bundle(one, notices(3, one), A_MINUTE_MOST - 2, NOW)
    assert rest is not None
    assert len(rest.delivery.events) == 3


def test_no_more_messages_than_the_limit_are_made_in_a_minute() -> None:
    one = rule()
    assert bundle(one, notices(3, one), A_MINUTE_MOST, NOW) is None
    assert bundle(one, [], 0, NOW) is None


def test_a_rule_that_gathers_tells_of_all_at_once_as_far_as_a_message_goes() -> None:
    one = rule(pace=Pace.DAILY)
    made = bundle(one, notices(BUNDLED_MOST + 5, one), 0, NOW)
    assert made is not None
    assert len(made.notices) == len(made.delivery.events) == BUNDLED_MOST


def test_the_same_events_make_the_same_message() -> None:
    one = rule()
    first, second = (bundle(one, notices(2, one), 0, NOW + timedelta(seconds=n)) for n in range(2))
    assert first is not None
    assert second is not None
    assert first.delivery.id == second.delivery.id
