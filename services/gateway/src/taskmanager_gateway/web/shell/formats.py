"""Numbers, sizes, times and durations in the reader's language and time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000
"""SI units, as used for disks and scanners."""
_LOCALES = {"en": "en_GB", "de": "de_DE"}
"""European English: the day before the month, 24 hours."""
NOTHING = "\N{EN DASH}"
"""Shown in a cell without a value."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats values for one reader; templates call it `f`."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> str:
        """The locale for the language."""
        return _LOCALES[self.language]

    def number(self, value: float | None) -> str:
        """A number with the reader's separators and at most two decimals."""
        return NOTHING if value is None else format_decimal(value, format="#,##0.##", locale=self.locale)

    def percent(self, value: int | None) -> str:
        """A percentage, from a value of 0 to 100."""
        return NOTHING if value is None else format_percent(value / 100, locale=self.locale)

    def size(self, bytes_: int | None) -> str:
        """A data size with its unit."""
        if bytes_ is None:
            return NOTHING
        value, unit = float(bytes_), 0
        while value >= _STEP and unit < len(_UNITS) - 1:
            value, unit = value / _STEP, unit + 1
        pattern = "#,##0" if unit == 0 else "#,##0.0"
        return f"{format_decimal(value, format=pattern, locale=self.locale)} {_UNITS[unit]}"

    def moment(self, at: datetime | None) -> str:
        """Date and time to the second."""
        if at is None:
            return NOTHING
        return format_datetime(self._local(at), "medium", tzinfo=self.zone, locale=self.locale)

    def brief(self, at: datetime | None, now: datetime | None = None) -> str:
        """For tables: only the time if today, date and minute if this year, otherwise with the year."""
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
        """The date."""
        return format_date(self._local(at).date(), "medium", locale=self.locale)

    def clock(self, at: datetime) -> str:
        """The time of day, to the minute."""
        return format_time(self._local(at), "short", tzinfo=self.zone, locale=self.locale)

    def duration(self, span: timedelta | float | None) -> str:
        """An approximate duration in one unit; a number is in seconds."""
        if span is None:
            return NOTHING
        delta = span if isinstance(span, timedelta) else timedelta(seconds=span)
        if delta < timedelta(seconds=10):
            return f"{format_decimal(max(delta.total_seconds(), 0), format='0.0', locale=self.locale)} s"
        return format_timedelta(delta, threshold=2, format="short", locale=self.locale)

    def since(self, at: datetime | None, now: datetime | None = None) -> str:
        """The approximate time since then."""
        return NOTHING if at is None else self.duration((now or datetime.now(UTC)) - at)

    def iso(self, at: datetime) -> str:
        """For programs: the value of a `datetime` attribute."""
        return at.astimezone(UTC).isoformat(timespec="milliseconds")

    def midnight(self, now: datetime) -> datetime:
        """When the reader's day began."""
        return self._local(now).replace(hour=0, minute=0, second=0, microsecond=0)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of that IANA name; UTC if it is missing or invalid."""
    try:
        return ZoneInfo(name[:64]) if name else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
