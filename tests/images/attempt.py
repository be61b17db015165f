"""Processes one drawn file for one target and judges the result."""

import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.images.judge import Judgement, Verdict, faults
from tests.images.oracle import Either, Expectation, Refused, Right, expect
from tests.images.results import UnreadableError, read
from tests.images.targets import Target
from tests.images.truth import Case

from taskmanager.errors import JobFailedError
from taskmanager.plugin_api.interface import Plugin
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_testing.plugins import LocalContext, run_plugin

PLUGINS: Final[Mapping[str, Callable[[], Plugin]]] = {"shell": ShellPlugin, "jp2": Jp2Plugin}


def attempt(case: Case, target: Target) -> Judgement:
    """Run the plugin on the file of a case and judge the result."""
    with tempfile.TemporaryDirectory(prefix="tm-images-") as folder:
        source = Path(folder, "source", case.name)
        source.parent.mkdir()
        source.write_bytes(case.data)
        return judged(source, Path(folder, "out"), target, expect(case.truth, target))


def attempt_one(task: tuple[Case, Target]) -> Judgement:
    """The same, as a task for a crew."""
    return attempt(*task)


def judged(source: Path, output: Path, target: Target, expectation: Expectation) -> Judgement:
    """Run the plugin on one file and judge the result."""
    try:
        context = start(source, output, target)
    except JobFailedError as error:
        return _refusal(source, output, str(error), expectation)
    except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
        return Judgement(Verdict.WRONG, f"raised {type(error).__name__}: {_short(str(error))}")
    if isinstance(expectation, Refused):
        return Judgement(Verdict.WRONG, "done, though there is no right result")
    right = expectation.right if isinstance(expectation, Either) else expectation
    return _done(context, output / f"{source.stem}{target.suffix}", right)


def start(source: Path, output: Path, target: Target) -> LocalContext:
    """Run the plugin on one file."""
    plugin = PLUGINS[target.plugin]()
    return run_plugin(plugin, source, output, template=target.template, parameters=target.parameters)


def _refusal(source: Path, output: Path, message: str, expectation: Expectation) -> Judgement:
    if any(output.iterdir()):
        return Judgement(Verdict.WRONG, "failed, but left something in the output")
    reason = _short(message.removeprefix(f"{source.name}: ").replace(source.name, "the file"))
    if source.name not in message:
        return Judgement(Verdict.MISSED, f"the error does not name the file: {reason}")
    if isinstance(expectation, Right):
        return Judgement(Verdict.MISSED, reason)
    if not re.search(expectation.reason, message):
        return Judgement(Verdict.MISSED, f"the error does not say why: {reason}")
    return Judgement(Verdict.REFUSED, reason)


def _done(context: LocalContext, made: Path, right: Right) -> Judgement:
    names = [path.name for path in made.parent.iterdir()]
    if names != [made.name]:
        return Judgement(Verdict.WRONG, f"the output holds {', '.join(names) or 'nothing'}")
    try:
        found = faults(read(made), right, jpeg=made.suffix == ".jpg")
    except UnreadableError as error:
        return Judgement(Verdict.WRONG, str(error))
    warned = any(level == "warning" for level, _ in context.log.lines)
    if right.warns is not None and warned != right.warns:
        found.append("a warning is missing" if right.warns else "it warns without need")
    return Judgement(Verdict.WRONG, "; ".join(found)) if found else Judgement(Verdict.RIGHT)


def _short(text: str) -> str:
    return " ".join(text.split())[:160]
