"""Automatic steps of the fake Goobi: runs a step's scripts and handles their exit codes as Goobi does.

Splits a line at blanks except in double quotes, then replaces variables word by word, so that a value with
blanks stays one argument. Knows nothing of the program it runs.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from taskmanager_testing.goobi.processes import LogType, Process, Step, StepStatus
from taskmanager_testing.goobi.workflow import Workflow

DONE, REOPEN, WAIT = 0, 98, 99
"""Exit codes: close the step, open it again, leave it in work; any other is an error."""
MOST_SCRIPTS = 5
LIMIT = timedelta(seconds=60)

_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_VARIABLE = re.compile(r"\$?[({](\w+(?:\.\w+)*)[)}]")


def split(line: str) -> list[str]:
    """The words of a script line, without their double quotes."""
    return [word.replace('"', "") for word in _WORD.findall(line)]


@dataclass(frozen=True)
class Scripts:
    """Runs scripts of steps whose process folders are below `metadata`."""

    workflow: Workflow
    metadata: Path

    def run(
        self, step_id: int, *lines: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run up to five scripts of a step; the last one decides about closing. Returns its result.

        After 98 and 99 Goobi continues with the next script; after an error it does not.
        """
        process, step = self.workflow.found(step_id)
        self.workflow.start(step_id)
        for line in lines[:MOST_SCRIPTS]:
            words = [self.replaced(word, process, step) for word in split(line)]
            ended = _ended(words, environment)
            if ended.returncode not in {DONE, REOPEN, WAIT}:
                self._fail(process, step, ended)
                return ended
        self._decide(step, ended.returncode)
        return ended

    def replaced(self, word: str, process: Process, step: Step) -> str:
        """The word with its variables replaced; an unknown one stays as it is."""
        values = self._variables(process, step)
        return _VARIABLE.sub(lambda found: values.get(found.group(1), found.group(0)), word)

    def _variables(self, process: Process, step: Step) -> dict[str, str]:
        folder = self.metadata / str(process.id)
        images = folder / "images"
        return {
            "processid": str(process.id),
            "processtitle": process.title,
            "stepid": str(step.id),
            "stepname": step.title,
            "processpath": str(folder),
            "imagepath": str(images),
            "origpath": str(images / f"master_{process.title}_media"),
            "tifpath": str(images / f"{process.title}_media"),
        }

    def _fail(self, process: Process, step: Step, ended: subprocess.CompletedProcess[str]) -> None:
        message = f"Script for '{step.title}' ended with {ended.returncode}: {ended.stderr.strip()}"
        self.workflow.write(process, LogType.ERROR, "automatic", message)
        self.workflow.fail(step.id)

    def _decide(self, step: Step, code: int) -> None:
        if code == DONE:
            self.workflow.close(step.id)
        elif code == REOPEN:
            step.status = StepStatus.OPEN


def _ended(words: Sequence[str], environment: Mapping[str, str] | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT.total_seconds(),
    )
