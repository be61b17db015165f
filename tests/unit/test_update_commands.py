"""The commands of an update on the page about operations name every service of the compose file, in order."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def services() -> list[str]:
    """Those of the compose file that are built here and stay, without those of profiles."""
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return [
        name
        for name, one in told.items()
        if "build" in one and one.get("restart") == "unless-stopped" and "profiles" not in one
    ]


def test_an_update_replaces_schedulers_first_then_gateways_then_all_runners() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    found = re.search(
        r"^for service in ([a-z0-9 \\\n-]+); do\n +docker compose up .*\$service$", page, re.MULTILINE
    )
    assert found is not None
    scheduler, gateway, *runners = found[1].replace("\\", " ").split()
    assert (scheduler, gateway) == ("scheduler", "gateway")
    assert sorted(runners) == sorted(name for name in services() if name.startswith("runner-"))
    assert {scheduler, gateway, *runners} == set(services())
