"""The unit files as data: sections with keys that may come several times."""

import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
SYSTEMD = ROOT / "deploy" / "systemd"
FILES = sorted((SYSTEMD / "units").iterdir())
SERVICES = [path for path in FILES if path.suffix == ".service"]
RUNNER = SYSTEMD / "units" / "taskmanager-runner-PLUGIN@.service"

Unit = Mapping[str, Mapping[str, Sequence[str]]]


def read(path: Path) -> Unit:
    """Section -> key -> its values, in order; raises ValueError for a line that systemd would ignore."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], defaultdict(list))
            continue
        key, equals, value = line.partition("=")
        if section is None or not equals or not key.isalpha():
            raise ValueError(f"{path.name}: {line}")
        section[key].append(value)
    return found


def environment(unit: Unit) -> Iterator[tuple[str, str]]:
    """The names and values of `Environment=`, each of which is one assignment."""
    for assignment in unit["Service"].get("Environment", ()):
        name, _, value = assignment.strip('"').partition("=")
        yield name, value


def seconds(text: str) -> float:
    """A time that is a plain number, or for ever."""
    return float("inf") if text == "infinity" else float(text)


def installed(folder: Path, *plugins: str) -> Path:
    """The folder of unit files that `install.sh` makes for these plugins."""
    command = ["/bin/sh", str(SYSTEMD / "install.sh"), "--servers", *plugins]
    done = subprocess.run(
        command,
        env={"DESTDIR": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "etc" / "systemd" / "system"
