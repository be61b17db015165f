"""What becomes of a call whose process crashes, hangs, takes too much memory or raises."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager_plugin_runner.plugins.pictures.decoding_pool import DecodingPool

MINUTE = timedelta(minutes=1)
MEMORY = 300_000_000


@pytest.fixture
def crew() -> Iterator[DecodingPool]:
    with DecodingPool(1, MEMORY, lambda: None) as made:
        yield made


def double(number: int) -> int:
    return 2 * number


def refuse(text: str) -> None:
    raise JobFailedError(text)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    threading.Event().wait()


def balloon() -> int:
    return len(np.ones(2_000_000_000, np.uint8))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_call_gives_what_its_function_returns(crew: DecodingPool) -> None:
    assert crew.call(double, 21, time_limit=MINUTE) == 42


def test_a_refusal_is_the_jobs_error_in_its_own_words(crew: DecodingPool) -> None:
    with pytest.raises(JobFailedError, match=r"^too dark$"):
        crew.call(refuse, "too dark", time_limit=MINUTE)


def test_a_crash_is_named_and_the_next_call_works(crew: DecodingPool) -> None:
    with pytest.raises(ToolFailedError, match=r"crashed .SIGSEGV."):
        crew.call(crash, time_limit=MINUTE)
    assert crew.call(double, 1, time_limit=MINUTE) == 2


def test_a_call_that_hangs_ends_at_its_time_limit_and_the_next_works(crew: DecodingPool) -> None:
    with pytest.raises(ToolFailedError, match=r"its time limit"):
        crew.call(hang, time_limit=timedelta(milliseconds=10))
    assert crew.call(double, 1, time_limit=MINUTE) == 2


def test_a_picture_that_balloons_is_refused_and_not_the_machine_exhausted(crew: DecodingPool) -> None:
    with pytest.raises(ToolFailedError, match="takes more than"):
        crew.call(balloon, time_limit=MINUTE)
    assert crew.call(double, 1, time_limit=MINUTE) == 2


def test_a_defect_brings_its_traceback(crew: DecodingPool) -> None:
    with pytest.raises(ToolFailedError, match=r"(?s)TypeError.*Traceback"):
        crew.call(double, None, time_limit=MINUTE)


def test_a_child_has_none_of_its_parents_files_open() -> None:
    with Path(__file__).open(), DecodingPool(1, MEMORY, lambda: None) as crew:
        assert crew.call(open_files, time_limit=MINUTE) <= 6


def test_the_end_of_a_job_goes_before_the_end_of_its_process() -> None:
    class CancelledInTestError(Exception):
        pass

    def check() -> None:
        raise CancelledInTestError

    with pytest.raises(CancelledInTestError), DecodingPool(1, MEMORY, check) as crew:
        crew.call(crash, time_limit=MINUTE)


def test_pictures_wait_for_the_memory_of_others() -> None:
    with DecodingPool(0, 100, lambda: None) as crew, crew.room(80):
        entered = threading.Event()

        def second() -> None:
            with crew.room(30):
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(timedelta(milliseconds=50).total_seconds())
        began = time.monotonic()
    assert entered.wait(60)
    thread.join()
    assert time.monotonic() >= began
