"""The chart, rendered with each of the value sets, as objects that a test can ask."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "taskmanager"
DEPLOY = ROOT / "deploy" / "kubernetes"
TOOLS = ROOT / ".venv" / "tools" / "bin"
HERE = (sys.platform, platform.machine()) == ("linux", "x86_64")
"""Whether Helm's library can be had: it is made for this kind of machine only."""
DEFAULT = "default"
FILES = {path.stem: path for path in sorted((DEPLOY / "values").glob("*.yaml"))}
SETS = (DEFAULT, "overlay", *FILES)
"""The value sets: none at all, that of the overlay, and the examples."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """What makes pods: a workload, and what it says of them."""

    workload: Document
    labels: Mapping[str, str]
    spec: Document

    @property
    def name(self) -> str:
        """The name of the workload."""
        return str(self.workload["metadata"]["name"])

    @property
    def component(self) -> str:
        """`gateway`, `scheduler`, `runner`, `orchestrator` or `migrate`."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def container(self) -> Document:
        """Its only container."""
        (one,) = self.spec["containers"]
        return dict(one)

    @property
    def environment(self) -> Mapping[str, str | None]:
        """The values by name; None for what the cluster fills in."""
        return {one["name"]: one.get("value") for one in self.container["env"]}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one value set makes."""

    documents: Sequence[Document]
    faults: Sequence[str]
    lint: Sequence[Any]
    notes: str

    def of(self, kind: str) -> list[Document]:
        """All of a kind."""
        return [one for one in self.documents if one["kind"] == kind]

    def pods(self, component: str | None = None) -> list[Pod]:
        """What makes pods, all or those of a component."""
        found = [
            Pod(one, one["spec"]["template"]["metadata"]["labels"], one["spec"]["template"]["spec"])
            for one in self.documents
            if "template" in one.get("spec", {})
        ]
        return [one for one in found if component in {None, one.component}]


def ask(questions: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """The answers of `render.py`."""
    ended = subprocess.run(
        [TOOLS / "python", Path(__file__).with_name("render.py")],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    answers: Mapping[str, Mapping[str, Any]] = json.loads(ended.stdout)
    return answers


def ask_about(documents: Mapping[str, Sequence[Document]]) -> Mapping[str, Sequence[str]]:
    """What the schemas of Kubernetes find wrong with documents that are there already, by the same names."""
    answers = ask({name: {"documents": [*ones]} for name, ones in documents.items()})
    return {name: answer["faults"] for name, answer in answers.items()}


def values_of(name: str) -> Mapping[str, Any]:
    """One of the value sets."""
    if name == DEFAULT:
        return {}
    path = FILES.get(name, DEPLOY / name / "values.yaml")
    values: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return values


def values_of_the_chart() -> Mapping[str, Any]:
    """Those that it has by itself."""
    values: Mapping[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return values


def plugins_of_the_chart() -> Sequence[str]:
    """Those that it has without any value."""
    plugins = values_of_the_chart()["plugins"]
    return [name for name, one in plugins.items() if one.get("enabled", True)]


@cache
def all_rendered() -> Mapping[str, Rendered]:
    """Every value set by its name."""
    answers = ask({name: {"values": values_of(name)} for name in SETS})
    return {name: read_answer(answer) for name, answer in answers.items()}


def read_answer(answer: Mapping[str, Any]) -> Rendered:
    """What Helm made; raises AssertionError with its words if it refused."""
    if "refused" in answer:
        raise AssertionError(answer["refused"])
    documents = [one["document"] for one in answer["documents"]]
    return Rendered(documents, answer["faults"], answer["lint"], answer["notes"])


def chooses(selector: Mapping[str, Any], pod: Pod) -> bool:
    """Whether a selector by labels chooses a pod."""
    wanted: Mapping[str, str] = selector["matchLabels"]
    return wanted.items() <= pod.labels.items()


def every_pod() -> Iterator[tuple[str, Pod]]:
    """Each pod of each value set."""
    for name, rendered in all_rendered().items():
        for pod in rendered.pods():
            yield name, pod
