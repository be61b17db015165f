"""Stand-ins for the images that cannot be fetched, built from Debian packages and the wheel of mongod."""

import shutil
from pathlib import Path

from taskmanager_local.mongod import mongod_program

from .engine import Engine

SOURCES = Path(__file__).parents[2] / "deploy" / "bases"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
# each is built upon the first
IMAGES = {
    "debian": "debian:bookworm-slim",
    "python": "python:3.11-slim-bookworm",
    "rabbitmq": "rabbitmq:3.13",
    "mongo": "mongo:7",
    "prometheus": "prom/prometheus:v2.53.4",
}


def ensure_bases(engine: Engine, folder: Path) -> None:
    """Build those missing in the trial's podman; Docker fetches the real ones."""
    if engine.program != "podman":
        return
    missing = [name for name, image in IMAGES.items() if not _is_there(engine, image)]
    if not missing:
        return
    _prepare(engine, folder)
    for name in missing:
        command = [*engine.compose, "-f", str(SOURCES / "docker-compose.yml"), "build", name]
        engine.call(command, BASES=str(folder))


def _is_there(engine: Engine, image: str) -> bool:
    return engine.call([engine.program, "image", "exists", image], check=False).returncode == 0


def _prepare(engine: Engine, folder: Path) -> None:
    (folder / "authorities").mkdir(parents=True, exist_ok=True)
    for file in AUTHORITIES.glob("*.crt"):
        shutil.copy(file, folder / "authorities")
    shutil.copy(SOURCES / "Dockerfile", folder)
    shutil.copy(mongod_program(), folder / "mongod")
    archive = folder / "rootfs.tar"
    if not archive.exists():
        beside = folder / "rootfs.new.tar"
        engine.call(["mmdebstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", str(beside)])
        beside.rename(archive)
