"""The pages that are made from the code are as the code is, and leave nothing out."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from deploy.reference.fields import docstrings
from deploy.reference.labels import CLOSED, values
from deploy.reference.messages import READERS, WAYS
from deploy.reference.metrics import PROCESSES, Metric, labels_of, metrics_of, name_of
from deploy.reference.pages import PAGES, renewed
from deploy.reference.settings import SERVICES

from taskmanager import messages
from taskmanager.messages import Message
from taskmanager.process import metrics as shared
from taskmanager.process.metrics import PREFIX
from taskmanager_gateway import metrics as gateway
from taskmanager_plugin_runner import metrics as runner
from taskmanager_scheduler import metrics as scheduler

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SERVICES_METRICS = {"gateway": gateway, "scheduler": scheduler, "plugin-runner": runner}
PASSED_ON = {
    "Backoff": ("retries_total", "what", 0),
    "again": ("retries_total", "what", 0),
    "dead_letter": ("dead_letters_total", "reason", 1),
    "event_stream": ("gateway_streams", "stream", 1),
    "_drop": ("runner_tickets_dropped_total", "reason", 1),
    "_tried": ("effects_failed_total", "effect", 0),
}
"""What hands one of its arguments on to a label: its name, then metric, label and position."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_makes_of_it(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert renewed(name, page) == page, "run `make docs`"


def test_a_page_without_its_mark_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match=r"settings\.md has lost its mark"):
        renewed("settings.md", "# Settings\n")


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_says_what_it_means(service: str) -> None:
    told = docstrings(SERVICES[service])
    silent = [name for name in SERVICES[service].model_fields if not told.get(name)]
    assert not silent


def test_every_label_of_every_metric_says_what_it_may_hold() -> None:
    everything = {
        name_of(metric): labels_of(metric) for module in PROCESSES.values() for metric in metrics_of(module)
    }
    assert all(values(name, label) for name, labels in everything.items() for label in labels)
    stale = {(name, label) for name, labels in CLOSED.items() for label in labels} - {
        (name.removeprefix(PREFIX), label) for name, labels in everything.items() for label in labels
    }
    assert not stale


def test_what_the_code_writes_into_a_closed_label_is_in_its_set() -> None:
    written = {found for file, known in sources() for found in literals(file, known)}
    assert len(written) > 20
    unknown = {
        (metric, label, value)
        for metric, label, value in written
        if label in CLOSED.get(metric, {}) and value not in CLOSED[metric][label]
    }
    assert not unknown


def test_every_message_has_its_way_and_whoever_reads_it() -> None:
    every = {
        value for value in vars(messages).values() if isinstance(value, type) and issubclass(value, Message)
    }
    assert every - {Message} == set(WAYS)
    for message in WAYS:
        assert any(reader.reads(message) for _, reader in READERS.values()), message


def sources() -> Iterator[tuple[Path, dict[str, Metric]]]:
    """The modules of each process, with the metrics it has by the constants they are called."""
    own = constants(shared)
    yield from ((file, own) for file in (ROOT / "shared/src/taskmanager").rglob("*.py"))
    for folder, module in SERVICES_METRICS.items():
        found = {**own, **constants(module)}
        yield from ((file, found) for file in (ROOT / "services" / folder / "src").rglob("*.py"))


def constants(module: ModuleType) -> dict[str, Metric]:
    """The metrics a module defines."""
    defined = metrics_of(module)
    return {name: value for name, value in vars(module).items() if any(value is one for one in defined)}


def literals(file: Path, known: dict[str, Metric]) -> Iterator[tuple[str, str, str]]:
    """Metric, label and value where the code names a label's value in so many words."""
    text = file.read_text(encoding="utf-8")
    telling = any(f"{name}(" in text for name in ("labels", *PASSED_ON))
    for node in ast.walk(ast.parse(text)) if telling else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=constant), attr="labels"), args=given):
                if constant.islower():  # a parameter or a local name
                    assert not any(isinstance(value, ast.Constant) for value in given), (file, constant)
                    continue
                metric = known[constant]
                for label, value in zip(labels_of(metric), given, strict=True):
                    if isinstance(value, ast.Constant):
                        yield name_of(metric).removeprefix(PREFIX), label, str(value.value)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=given) if name in PASSED_ON:
                of, label, position = PASSED_ON[name]
                if len(given) > position and isinstance(value := given[position], ast.Constant):
                    yield of, label, str(value.value)
