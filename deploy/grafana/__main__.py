"""Writes the dashboards as JSON into a folder: `.venv/tools/bin/python -m deploy.grafana [folder]`."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.grafana import broker_and_database, gateway, goobi, overview, plugin, runners, service_levels
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> Iterable[Dashboard]:
    """All of them, in the order in which one looks at them."""
    every = (overview, plugin, runners, broker_and_database, goobi, gateway, service_levels)
    return [module.dashboard() for module in every]


def write(folder: Path) -> None:
    """One file for each, named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in dashboards():
        text = json.dumps(one, cls=JSONEncoder, sort_keys=True, indent=1)
        (folder / f"{one.uid}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
