"""What docker-compose.yml itself says: which services it starts, of which images, and how many runners."""

from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
ONCE: Final = ("accounts", "replica-set", "migrate")
"""What ends when it has done its work."""
OPTIONAL: Final = "orchestrator"
"""Of the services with a profile, the one with an image of its own."""

_SERVICES: Final[dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
    "services"
]
SERVERS: Final = tuple(
    name for name, service in _SERVICES.items() if name not in ONCE and "profiles" not in service
)
"""What is started without a profile, and stays."""
BUILT: Final = {
    service["image"]: name
    for name, service in _SERVICES.items()
    if "build" in service and (name in SERVERS or name == OPTIONAL)
}
"""For each of our images a service that builds it; others share it."""
REPLICAS: Final = {
    name.removeprefix("runner-"): int(_SERVICES[name]["deploy"]["replicas"])
    for name in SERVERS
    if name.startswith("runner-")
}
"""By plugin, how many runners are started."""


def slots(plugin: str) -> int:
    """How many slots each runner of the plugin has."""
    words = _SERVICES[f"runner-{plugin}"]["command"]
    return int(words[words.index("--slots") + 1])
