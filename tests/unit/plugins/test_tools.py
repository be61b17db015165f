"""Running a tool: what the caller gets back, and what an operator reads when it failed."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from taskmanager.errors import ToolFailedError, ToolStoppedError
from taskmanager.plugin_api import tools


def test_a_tool_gives_back_what_it_wrote() -> None:
    result = tools.run(["sh", "-c", "echo out; echo err >&2"])
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_a_failure_names_the_program_its_exit_code_and_its_last_words() -> None:
    with pytest.raises(ToolFailedError, match=r"^sh ended with exit code 3\nfirst\nlast$"):
        tools.run(["/bin/sh", "-c", "echo first >&2; echo last >&2; exit 3"])


def test_only_the_end_of_a_long_stderr_is_kept() -> None:
    with pytest.raises(ToolFailedError) as caught:
        tools.run(["sh", "-c", "seq 1 100000 >&2; exit 1"])
    assert str(caught.value).splitlines()[1:] == [str(number) for number in range(99981, 100001)]


def test_a_long_stderr_of_a_success_is_called_cut() -> None:
    assert tools.run(["sh", "-c", "seq 1 100000 >&2"]).stderr_cut
    assert not tools.run(["sh", "-c", "seq 1 100 >&2"]).stderr_cut


def test_a_signal_is_named() -> None:
    with pytest.raises(ToolFailedError, match="was ended by signal SIGKILL"):
        tools.run(["sh", "-c", "kill -KILL $$"])


def test_a_missing_program_is_called_missing() -> None:
    with pytest.raises(ToolFailedError, match="no-such-tool: program not found; is it installed"):
        tools.run(["no-such-tool"])


def test_a_missing_working_folder_is_not_mistaken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"its working folder .* does not exist"):
        tools.run(["true"], cwd=tmp_path / "gone")


def test_an_argument_that_cannot_be_passed_is_an_error_of_the_tool() -> None:
    with pytest.raises(ToolFailedError, match="could not be started"):
        tools.run(["echo", "a\0b"])


@pytest.mark.parametrize("script", ["exec sleep 60", "exec >&- 2>&-; exec sleep 60", "sleep 60 & sleep 60"])
def test_a_tool_that_takes_too_long_is_stopped(script: str) -> None:
    with pytest.raises(ToolFailedError, match="its time limit"):
        tools.run(["sh", "-c", script], time_limit=timedelta(seconds=0.2))


def test_a_tool_that_floods_its_output_is_stopped() -> None:
    with pytest.raises(ToolFailedError, match="wrote more than"):
        tools.run(["yes"])


def test_stdin_is_empty() -> None:
    assert tools.run(["cat"]).stdout == ""


def test_a_tool_stays_in_our_process_group() -> None:
    assert tools.run(["sh", "-c", "ps -o pgid= -p $$"]).stdout.strip() == str(os.getpgrp())


def test_a_tool_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://user:secret@broker")
    seen = tools.run(["env"], environment={"MAGICK_THREAD_LIMIT": "1"}).stdout
    assert "secret" not in seen
    assert "MAGICK_THREAD_LIMIT=1" in seen
    assert "LC_ALL=C.UTF-8" in seen


def test_tools_run_at_the_same_time_in_threads(tmp_path: Path) -> None:
    """Each waits for the other's file, so both must be running."""
    barrier = threading.Barrier(2)

    def meet(own: str, other: str) -> str:
        barrier.wait()
        script = f"touch {own}; until test -e {other}; do sleep 0.01; done; echo met"
        return tools.run(["sh", "-c", script], cwd=tmp_path, time_limit=timedelta(seconds=20)).stdout

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(meet, "ab", "ba")) == ["met\n", "met\n"]


def test_a_tool_is_stopped_with_what_it_has_started_left_to_its_group(tmp_path: Path) -> None:
    note = tmp_path / "started"
    words = ["sh", "-c", f"sleep 600 & echo $! >{note}; wait"]
    with pytest.raises(ToolStoppedError, match="sh was stopped"):
        tools.run(words, stopping=lambda: note.exists() and note.stat().st_size > 0)
    os.kill(int(note.read_text(encoding="ascii")), signal.SIGKILL)


def test_a_tool_that_nobody_stops_ends_as_always() -> None:
    assert tools.run(["sh", "-c", "echo out"], stopping=lambda: False).stdout == "out\n"


def told_by(script: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    tools.run(["bash", "-c", script], on_line=lambda stream, line: lines.append((stream, line)))
    return lines


def test_lines_are_passed_on_while_the_program_runs(tmp_path: Path) -> None:
    heard = tmp_path / "heard"

    def tell(stream: str, line: str) -> None:
        if (stream, line) == ("stderr", "here"):
            heard.touch()

    script = 'echo here >&2; until [ -e "$0" ]; do read -t 0.01 <> <(:); done; echo went on'
    result = tools.run(["bash", "-c", script, str(heard)], on_line=tell, time_limit=timedelta(seconds=20))

    assert (result.stdout, result.stderr) == ("went on\n", "here\n")


def test_lines_are_told_whole_and_of_both_streams() -> None:
    assert told_by("printf 'a\\n\\nb'") == [("stdout", "a"), ("stdout", "b")]
    assert told_by("printf 'c\\xff\\r\\n' >&2") == [("stderr", "c\N{REPLACEMENT CHARACTER}")]


def test_of_a_bar_that_grows_the_last_is_told() -> None:
    assert told_by("printf '10%%\\r55%%\\r100%%\\n'") == [("stdout", "100%")]


def test_a_long_line_and_a_flood_of_lines_are_cut() -> None:
    ((_, line),) = told_by("printf 'x%.0s' {1..9000}")
    assert line == "x" * tools.LINE_BYTES + "…"

    lines = told_by("seq 1 100000")
    assert len(lines) == tools.LINES_TOLD + 1
    assert lines[-1] == ("stdout", f"[...] more than {tools.LINES_TOLD} lines")


def test_what_a_program_says_before_it_fails_is_told() -> None:
    lines: list[str] = []
    with pytest.raises(ToolFailedError):
        tools.run(["sh", "-c", "echo no; exit 1"], on_line=lambda _, line: lines.append(line))
    assert lines == ["no"]
