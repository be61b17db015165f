"""Numbers, sizes, times and durations as a reader writes them: in their language and their zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000
"""SI units, as disks and scanners are sold."""
_LOCALES = {"en": "en_GB", "de": "de_DE"}
"""English for Europe: the day before the month, 24 hours."""
NOTHING = "\N{EN DASH}"
"""What a cell without a value shows."""


@dataclass(frozen=True, slots=True)
class Formats:
    """What templates call `f`."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> str:
        """The locale behind the language."""
        return _LOCALES[self.language]

    def number(self, value: float | None) -> str:
        """With the reader's separators, two decimals at most."""
        return NOTHING if value is None else format_decimal(value, format="#,##0.##", locale=self.locale)

    def percent(self, value: int | None) -> str:
        """0 to 100."""
        return NOTHING if value is None else format_percent(value / 100, locale=self.locale)

    def size(self, bytes_: int | None) -> str:
        """A volume of data with its unit."""
        if bytes_ is None:
            return NOTHING
        value, unit = float(bytes_), 0
        while value >= _STEP and unit < len(_UNITS) - 1:
            value, unit = value / _STEP, unit + 1
        pattern = "#,##0" if unit == 0 else "#,##0.0"
        return f"{format_decimal(value, format=pattern, locale=self.locale)} {_UNITS[unit]}"

    def moment(self, at: datetime | None) -> str:
        """Day and time to the second."""
        if at is None:
            return NOTHING
        return format_datetime(self._local(at), "medium", tzinfo=self.zone, locale=self.locale)

    def brief(self, at: datetime | None, now: datetime | None = None) -> str:
        """The time of today, day and minute of this year, day and minute with the year before: for tables."""
        if at is None:
            return NOTHING
        local, today = self._local(at), self._local(now or datetime.now(UTC))
        if local.date() == today.date():
            return format_time(local, "medium", tzinfo=self.zone, locale=self.locale)
        if local.year != today.year:
            return format_datetime(local, "short", tzinfo=self.zone, locale=self.locale)
        day = format_skeleton("Md", local, tzinfo=self.zone, locale=self.locale)
        return f"{day} {format_time(local, 'short', tzinfo=self.zone, locale=self.locale)}"

    def day(self, at: datetime) -> str:
        """The day."""
        return format_date(self._local(at).date(), "medium", locale=self.locale)

    def duration(self, span: timedelta | float | None) -> str:
        """About how long, in one unit; a number is seconds."""
        if span is None:
            return NOTHING
        delta = span if isinstance(span, timedelta) else timedelta(seconds=span)
        if delta < timedelta(seconds=10):
            return f"{format_decimal(max(delta.total_seconds(), 0), format='0.0', locale=self.locale)} s"
        return format_timedelta(delta, threshold=2, format="short", locale=self.locale)

    def since(self, at: datetime | None, now: datetime | None = None) -> str:
        """About how long ago."""
        return NOTHING if at is None else self.duration((now or datetime.now(UTC)) - at)

    def iso(self, at: datetime) -> str:
        """For programs: the `datetime` attribute of a time."""
        return at.astimezone(UTC).isoformat(timespec="milliseconds")

    def midnight(self, now: datetime) -> datetime:
        """When the reader's day began."""
        return self._local(now).replace(hour=0, minute=0, second=0, microsecond=0)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of that name (IANA); UTC for none and for nonsense."""
    try:
        return ZoneInfo(name[:64]) if name else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
