"""Sizes and times as readable text for messages that are stored. English only, not localised."""

_KILO = 1_000.0
_MINUTE, _HOUR = 60, 3600


def volume(size_bytes: float) -> str:
    """A readable size: decimal units, one digit after the point."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size_bytes < _KILO or unit == "TB":
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= _KILO
    raise AssertionError("the last unit takes everything")


def duration(seconds: float | None) -> str:
    """`2 h 3 min`, `4 min 5 s`, `0.7 s`."""
    if seconds is None:
        return "unknown time"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
