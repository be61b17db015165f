"""What the garbage collector of a service need not look at, and how seldom it looks at the rest."""

import gc

YOUNG_OBJECTS = 5_000
"""So many new objects cause a collection of the young ones (Python: 700): one message group makes more."""


def keep_what_is_loaded() -> None:
    """Call once everything is loaded and wired: that stays for good, so it need never be scanned again.

    The collector works from here on, wherever `swift_start` had turned it off.
    """
    gc.collect()
    gc.enable()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
