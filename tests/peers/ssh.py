"""An SSH server for SFTP on this machine, with the faults of real ones: changed bytes, lost connections."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "archive", "a secret of this test"


@dataclass
class Ssh:
    """A server, the folder that its users see as `/`, and how it behaves.

    `spoils`: names whose last byte arrives as another one. `drops`: names during which the connection is
    lost, once for each time it is named.
    """

    port: int
    host_key: str
    folder: Path
    spoils: set[str]
    drops: list[str]
    log_ins: int = 0


class _Server(asyncssh.SSHServer):
    def __init__(self, ssh: Ssh) -> None:
        self._ssh = ssh

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._ssh.log_ins += 1
        return (username, password) == (USER, PASSWORD)


def _files(ssh: Ssh) -> type[asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=bytes(ssh.folder))

        def write(self, file_obj: Any, offset: int, data: bytes) -> int:
            name = Path(str(getattr(file_obj, "name", b"").decode())).name
            if name in ssh.drops:
                ssh.drops.remove(name)
                self.channel.get_connection().abort()
            if name in ssh.spoils:
                data = data[:-1] + bytes([data[-1] ^ 1])
            return super().write(file_obj, offset, data)  # type: ignore[return-value]

    return Files


@contextmanager
def serving(folder: Path) -> Iterator[Ssh]:
    """A server on a free port of the loopback interface, in a thread of its own."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode().strip()
    ssh = Ssh(0, public, folder, set(), [])
    loop = asyncio.new_event_loop()
    began = threading.Event()

    async def serve() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=lambda: _Server(ssh),
            sftp_factory=_files(ssh),
        )

    def run() -> None:
        acceptor = loop.run_until_complete(serve())
        ssh.port = acceptor.get_port()
        began.set()
        loop.run_forever()
        acceptor.close()
        loop.run_until_complete(acceptor.wait_closed())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(60)
    try:
        yield ssh
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
