"""What was known at the last look, so that each look tells only what is new."""

from datetime import datetime

from taskmanager.model.jobs import Record


class Condition(Record):
    """Something that has been so since a moment; `told`: whether anybody was told."""

    key: str
    since: datetime
    told: bool = False


class KnownGroup(Record):
    """A group of errors, and the number of jobs that was told last."""

    group: str
    told: int


class Watched(Record):
    """What was known. `rev` grows with every write and guards it, so that two watchers never tell the same.

    Attributes:
        looked: when.
        failed_at, failed_id: the last failed job that was told, in the order of ends and ids.
        stops: plugin and moment of the stops that are known, `jp2 2026-11-28T20:00:00+00:00`.
        drains: the same for runners.
    """

    looked: datetime
    failed_at: datetime
    failed_id: str = ""
    stops: tuple[str, ...] = ()
    drains: tuple[str, ...] = ()
    operations_at: datetime
    groups: tuple[KnownGroup, ...] = ()
    conditions: tuple[Condition, ...] = ()
    rev: int = 1
