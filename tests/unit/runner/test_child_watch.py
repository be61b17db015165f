"""Whether a process has children left is told from two short reads, and never wrongly that it has none."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, subprocess, sys, threading
from taskmanager_plugin_runner.system.child_watch import ChildWatch
from taskmanager_plugin_runner.system.processes import kill_children

go = threading.Event()
other = threading.Thread(target=go.wait, daemon=True)
other.start()
spared = subprocess.Popen(["/bin/sleep", "600"])
watch = ChildWatch((threading.get_native_id(), other.native_id), {spared.pid})
told = [watch.nothing_left()]
for work in sys.argv[1:]:
    end = threading.Event()
    def start():
        if work != "idle-thread":
            subprocess.Popen(["/bin/sleep", "600"])
        if work == "idle-thread":
            end.wait()
    if work == "child":
        start()
    else:
        thread = threading.Thread(target=start)
        thread.start()
        if work == "child-of-a-thread-that-ended":
            thread.join()
    told.append(watch.nothing_left())
    end.set()
    kill_children({spared.pid})
    if work != "child":
        thread.join()
    while len(os.listdir("/proc/self/task")) > 2:
        pass
    told.append(watch.nothing_left())
spared.kill()
print(*told)
"""


@pytest.mark.parametrize("work", ["child", "child-of-a-thread-that-ended", "idle-thread"])
def test_a_child_or_a_thread_that_may_have_one_is_noticed_until_it_is_gone(work: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, work], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True"]
