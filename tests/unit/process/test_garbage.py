"""The garbage collector rests while a service is loaded, and works afterwards."""

import subprocess
import sys

STORY = """
import gc
from taskmanager.process import swift_start
from taskmanager.process.garbage import keep_what_is_loaded
told = [gc.isenabled()]
keep_what_is_loaded()
told += [gc.isenabled(), gc.get_freeze_count() > 1000]
print(told)
"""


def test_the_collector_works_again_once_everything_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, True, True]\n"


def test_each_service_begins_with_it_and_ends_it() -> None:
    for service in ("gateway", "scheduler", "plugin_runner"):
        story = (
            f"import gc, taskmanager_{service}.__main__ as main\n"
            "print(gc.isenabled(), 'keep_what_is_loaded' in dir(main))"
        )
        done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True)
        assert done.stdout == "False True\n", service
