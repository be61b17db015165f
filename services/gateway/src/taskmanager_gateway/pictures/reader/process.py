"""A reading process: `python -m taskmanager_gateway.pictures.reader.process SOCKET LIMITS`.

It bounds itself before it sees the first file: memory, files it may write (none), processor time of an order.
It has no environment with secrets, no other open file, and gets each file as a descriptor.
"""

import gc
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from taskmanager_gateway.pictures.reader import wire
from taskmanager_gateway.pictures.reader.alto_words import read_words
from taskmanager_gateway.pictures.reader.orders import Failure, Limits, Made, Order, Wanted

Decode = Callable[[int, Order, Limits], Made]


def main() -> None:
    """Answer orders until the gateway is gone."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    limits = Limits(**json.loads(sys.argv[2]))
    # if memory runs out, the kernel ends this process and not its gateway
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    decode = _decoder()
    _bound(limits)
    serve(channel, decode, limits)


def serve(channel: socket.socket, decode: Decode, limits: Limits) -> None:
    """Answer each order from `channel`; `decode` is for all but words."""
    while (heard := wire.heard(channel)) is not None:
        order, descriptor = heard
        _bound_time(limits)
        try:
            words = order.wanted is Wanted.WORDS
            made = read_words(descriptor) if words else decode(descriptor, order, limits)
        except MemoryError:
            made = Made(failure=Failure.MEMORY)
        finally:
            os.close(descriptor)
        wire.answer(channel, made)
        del made
        gc.collect()


def _decoder() -> Decode:
    """What makes something of pictures; without the extra it says what is missing."""
    try:
        from taskmanager_gateway.pictures.reader import decoding  # noqa: PLC0415 - the extra may be missing
    except (ImportError, OSError) as error:
        lacking = Made(failure=Failure.NO_LIBRARY, detail=str(error))
        return lambda *_: lacking
    decoding.allow_only_what_is_shown()
    return decoding.decoded


def _bound(limits: Limits) -> None:
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _lower(resource.RLIMIT_AS, used + limits.memory_bytes)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(what: int, limit: int) -> None:
    """Lower a limit for good: the process cannot raise it again."""
    _, hard = resource.getrlimit(what)
    lowest = limit if hard < 0 else min(limit, hard)
    resource.setrlimit(what, (lowest, lowest))


def _bound_time(limits: Limits) -> None:
    """The gateway ends what takes too long; this ends it even if the gateway is gone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime + 2 * limits.seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard < 0 else min(seconds, hard), hard))


if __name__ == "__main__":
    main()
