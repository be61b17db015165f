"""One small image in place of all others: this machine's own programs, mounted read-only, and this checkout.

For the short trial of docker-compose.yml, which has no time to build images: everything the file says (users,
rights, networks, volumes, secrets, health, order) is as it is; what is in the images is not.
"""

import io
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from taskmanager_local.mongod import mongod_program

from .compose_file import ONCE, ROOT, SERVERS
from .engine import Engine, NoEngineError

IMAGE = "taskmanager-host:1"
PROBE = "taskmanager-probe"
USER, SERVER_USER = 1000, 999
FOLDERS = {
    "tmp": 0,
    "proc": 0,
    "sys": 0,
    "dev": 0,
    "run": 0,
    "usr": 0,
    "sbin": 0,  # no link into /usr: Docker puts the first process of a container there
    "var/lib/rabbitmq": SERVER_USER,
    "data/db": SERVER_USER,
    "data/configdb": SERVER_USER,
    "files": USER,
    "workspace": USER,
    "prometheus": USER,
}
"""Each with its owner, which a fresh volume takes over."""
LINKS = ("bin", "lib", "lib64")
SETTINGS = ("alternatives", "ssl/certs", "ld.so.cache", "nsswitch.conf", "ImageMagick-6", "ImageMagick-7")
"""Of this machine's /etc: what its programs need, and no secret."""
FILES = {
    "etc/passwd": f"root:x:0:0::/:/bin/sh\nserver:x:{SERVER_USER}:{SERVER_USER}::/:/bin/sh\n"
    f"taskmanager:x:{USER}:{USER}::/:/bin/sh\n",
    "etc/group": f"root:x:0:\nserver:x:{SERVER_USER}:\ntaskmanager:x:{USER}:\n",
    "etc/rabbitmq/enabled_plugins": "[rabbitmq_prometheus].\n",
    "etc/rabbitmq/conf.d/10-defaults.conf": "loopback_users.guest = false\n",
}
VARIABLES = {
    "PATH": f"{ROOT}/.venv/bin:/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/bin:/usr/sbin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TASKMANAGER_HTTP_HOST": "0.0.0.0",  # noqa: S104 - in the container
    "TASKMANAGER_HTTP_PORT": "8080",
    "TASKMANAGER_ROOTS": "/files",
    "TASKMANAGER_WORKSPACE": "/workspace",
    "RABBITMQ_CONFIG_FILES": "/etc/rabbitmq/conf.d",
}
PARTS = (".venv", "shared", "services", "deploy")
"""Of the checkout: what the services are installed from."""
IN_IMAGES = "/opt/taskmanager/container"
"""Where deploy/Dockerfile puts deploy/container."""
DATABASE = Path(mongod_program()).parent
COMMANDS = {
    "rabbitmq": "rabbitmq-server",
    "gateway": "taskmanager-gateway",
    "scheduler": "taskmanager-scheduler",
    "orchestrator": "taskmanager-orchestrator",
}
"""Of services whose images bring their own command."""
OPTIONAL = ("orchestrator", "prometheus")
"""Of the profiles."""
HOMES = {"rabbitmq": "/var/lib/rabbitmq", "mongo": "/data/db"}


def host_override(engine: Engine, folder: Path) -> Path:
    """A compose file that puts the image below every service of docker-compose.yml; the image is made.

    Raises:
        NoEngineError: this machine's programs cannot be mounted, or the engine cannot start containers here.
    """
    if not Path("/bin").is_symlink():
        raise NoEngineError("/bin is not part of /usr, which a container would see")
    archive = folder / "host.tar"
    with tarfile.open(archive, "w") as tar:
        for member, content in _members():
            tar.addfile(member, content)
        for name in SETTINGS:
            if Path("/etc", name).exists():
                tar.add(Path("/etc", name), f"etc/{name}")
    changes = [part for name, value in VARIABLES.items() for part in ("--change", f"ENV {name}={value}")]
    engine.run("import", *changes, "--change", f"USER {USER}", str(archive), IMAGE)
    _probe(engine)
    path = folder / "docker-compose.host.yml"
    services = {name: _service(name) for name in (*SERVERS, *ONCE, *OPTIONAL)}
    path.write_text(yaml.safe_dump({"services": services}))
    return path


def _members() -> Iterator[tuple[tarfile.TarInfo, io.BytesIO | None]]:
    """The folders, links and files of the image."""
    for name, owner in FOLDERS.items():
        member = tarfile.TarInfo(name)
        mode = 0o1777 if name == "tmp" else 0o755
        member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, mode, owner, owner
        yield member, None
    for name in LINKS:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
        yield link, None
    for name, text in FILES.items():
        file = tarfile.TarInfo(name)
        file.size = len(text)
        yield file, io.BytesIO(text.encode())


def host_mounts() -> Sequence[str]:
    """What every container sees of this machine; database and Python may lie outside of the checkout."""
    seen = {"/usr", *(f"{ROOT}/{part}" for part in PARTS), str(DATABASE), sys.base_prefix} - {"/usr/local"}
    return [
        *(f"{path}:{path}:ro" for path in sorted(seen)),
        f"{ROOT}/deploy/container:{IN_IMAGES}:ro",
    ]


def _service(name: str) -> Mapping[str, Any]:
    """What is laid over a service of docker-compose.yml."""
    made: dict[str, Any] = {"image": IMAGE, "volumes": host_mounts()}
    if name in HOMES:
        made["environment"] = {"HOME": HOMES[name]}
    if name in COMMANDS:
        made["command"] = [COMMANDS[name]]
    if name == "prometheus":
        made |= {"entrypoint": ["prometheus"], "user": str(USER)}
    if name == "mongo":
        made["environment"]["PATH"] = f"{DATABASE}:{VARIABLES['PATH']}"
    return made


def _probe(engine: Engine) -> None:
    """Start a container that finds itself by name in a network of its own; raises NoEngineError otherwise."""
    engine.call([engine.program, "network", "rm", PROBE], check=False)
    engine.call([engine.program, "network", "create", PROBE], check=False)
    network = ("--network", PROBE, "--network-alias", "peer")
    command = [engine.program, "run", "--rm", *network, "--volume", "/usr:/usr:ro", IMAGE]
    tried = engine.call([*command, "getent", "hosts", "peer"], check=False)
    engine.call([engine.program, "network", "rm", PROBE], check=False)
    if tried.returncode:
        said = tried.stderr.strip()[-500:] or "its name cannot be looked up"
        raise NoEngineError(f"{engine.program} cannot start a container here: {said}")
