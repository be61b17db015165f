"""The machine's clock at the resolution the database stores."""

from datetime import UTC, datetime


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """Aware UTC time in whole milliseconds."""
        return whole_milliseconds(datetime.now(UTC))


def whole_milliseconds(moment: datetime) -> datetime:
    """`moment` truncated to milliseconds, as BSON dates are."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
