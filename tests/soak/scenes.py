"""The jobs of a soak: their plugin, deed, folders and keys. Seeded; contacts no server."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.soak.goobi import reference
from tests.soak.machines import PLUGINS

SOURCES = 20
UNIQUE_KEYS = 60
PLUGIN_WEIGHTS = (5, 3, 2)
DEEDS = {"succeed": 84, "fail": 4, "temporary": 6, "crash": 4, "exit": 2}
OLD = {"out/old.txt": "what was here before", "out/summary.json": "an older result"}
META = "meta.xml"


@dataclass(frozen=True)
class Scene:
    """One submission to make."""

    number: int
    spec: dict[str, Any]
    key: str | None
    race: bool
    """Sent twice at once: the same request if it has a key, otherwise another with the same unique key."""


class Stage:
    """Makes scenes and their folders below the roots."""

    def __init__(self, roots: Path) -> None:
        """`roots` is a folder that jobs may use."""
        self.run_log = roots / "run.log"
        self.processes = roots / "processes"
        self._sources = roots / "sources"

    def build(self, random: Random) -> None:
        """Create the sources that jobs read."""
        self.processes.mkdir(parents=True)
        self.run_log.touch()
        for number in range(SOURCES):
            folder = self._sources / str(number)
            folder.mkdir(parents=True)
            for page in range(random.randint(1, 5)):
                (folder / f"{page:04}.tif").write_text(f"page {page} of {number}", encoding="utf-8")

    def scene(self, number: int, random: Random) -> Scene:
        """The submission of that number; makes its process folder."""
        with_destination = random.random() < 0.9
        unique = f"unique-{random.randrange(UNIQUE_KEYS)}" if random.random() < 0.12 else None
        spec: dict[str, Any] = {
            "plugin": random.choices(PLUGINS, PLUGIN_WEIGHTS)[0],
            "priority": random.randint(0, 10),
            "title": f"soak {number}",
            "parameters": self._parameters(random),
            "source": str(self._sources / str(random.randrange(SOURCES))),
        }
        if with_destination:
            spec["destination"] = str(self.process_folder(number, random) / "out")
        if unique:
            spec["unique"] = unique
        if random.random() < 0.5:
            spec["goobi"] = reference(number)
        key = f"key-{number}" if random.random() < 0.6 else None
        return Scene(number, spec, key, race=random.random() < (0.4 if unique else 0.1))

    def process_folder(self, number: int, random: Random) -> Path:
        """Make a process folder; some contain older results."""
        folder = self.processes / str(number)
        folder.mkdir()
        (folder / META).write_text("<meta/>", encoding="utf-8")
        if random.random() < 0.2:
            (folder / "out").mkdir()
            for name, text in OLD.items():
                (folder / name).write_text(text, encoding="utf-8")
        before = {path: (folder / path).read_text() for path in (META, *OLD) if (folder / path).exists()}
        beside = self.processes.parent / "before"
        beside.mkdir(exist_ok=True)
        (beside / f"{number}.json").write_text(json.dumps(before), encoding="utf-8")
        return folder

    def _parameters(self, random: Random) -> dict[str, Any]:
        deed = random.choices(list(DEEDS), list(DEEDS.values()))[0]
        seconds = random.uniform(1, 5) if random.random() < 0.04 else random.choice([0, 0, 0.05, 0.2])
        return {
            "run_log": str(self.run_log),
            "deed": deed,
            "times": random.randint(1, 4),
            "seconds": round(seconds, 2),
        }
