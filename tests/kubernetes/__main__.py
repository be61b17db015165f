"""`make kubernetes`: the chart, its overlay and the examples, by checkov and other projects' schemas as well.

`--crds FOLDER` names a folder of CustomResourceDefinitions (YAML, any depth), such as those of KEDA, of the
operators of Prometheus, RabbitMQ and MongoDB, and of the Gateway API. They are not part of this repository.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from tests.kubernetes.custom_resources import definitions, faults
from tests.kubernetes.manifests import DEPLOY, HERE, ROOT, Document, all_rendered, ask_about

CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"
SETTINGS = DEPLOY / "checkov.yaml"
UNKNOWN = "unknown kind"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes", description=__doc__)
    parser.add_argument("--crds", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if not HERE:
        return _say("Helm's library (helm-python-sdk) is only made for Linux on x86_64", good=False)
    known = definitions(options.crds) if options.crds else {}
    everything = {name: rendered.documents for name, rendered in all_rendered().items()}
    everything |= {path.stem: _read(path) for path in sorted((DEPLOY / "examples").glob("*.yaml"))}
    found = [*_by_schemas(everything), *_by_definitions(everything, known), *_by_checkov(everything)]
    return _say("\n".join(found) or "all of it is as it should be", good=not found)


def _read(path: Path) -> Sequence[Document]:
    return [*yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def _by_schemas(everything: Mapping[str, Sequence[Document]]) -> Iterator[str]:
    for name, wrong in ask_about(everything).items():
        foreign = [one for one in wrong if one.endswith(UNKNOWN)]
        _say(f"{name}: {len(everything[name])} documents; without a schema here: {_kinds(foreign) or 'none'}")
        yield from (f"{name}: {one}" for one in wrong if one not in foreign)


def _kinds(foreign: Sequence[str]) -> str:
    return ", ".join(sorted({one.split()[1] for one in foreign}))


def _by_definitions(
    everything: Mapping[str, Sequence[Document]], known: Mapping[tuple[str, str], Document]
) -> Iterator[str]:
    looked_at = 0
    for name, documents in everything.items():
        for one in documents:
            kind = (one["apiVersion"], one["kind"])
            if kind in known:
                looked_at += 1
                yield from (f"{name}: {one['kind']} {fault}" for fault in faults(one, known[kind]))
    _say(f"{looked_at} documents looked at by the definitions of other projects")


def _by_checkov(everything: Mapping[str, Sequence[Document]]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, documents in everything.items():
            path = Path(folder) / f"{name}.yaml"
            path.write_text(yaml.safe_dump_all([dict(one) for one in documents]), encoding="utf-8")
        command: list[str | Path] = [CHECKOV, "--config-file", SETTINGS, "--directory", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield f"checkov:\n{done.stdout}{done.stderr}"
    else:
        _say(f"checkov: {' '.join(done.stdout.split()) or 'nothing'}")


def _say(text: str, *, good: bool = True) -> int:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
