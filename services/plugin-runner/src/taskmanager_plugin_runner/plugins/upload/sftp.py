"""Sends a consignment over SFTP: into a folder with a temporary name, read back, and renamed at the end.

Nothing of this machine's SSH settings is used: no configuration, no agent, no list of known hosts. Only the
host key that the target names is accepted.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from typing import Any, Final, cast

import asyncssh

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.goobi.secrets import SecretFile
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.upload import texts
from taskmanager_plugin_runner.plugins.upload.consignment import (
    TEMPORARY,
    Arrived,
    Piece,
    Reading,
    difference,
    require_arrived,
)
from taskmanager_plugin_runner.plugins.upload.target import SftpTarget

_CHUNK_BYTES: Final = 1024 * 1024
_FOR_GOOD: Final = (
    asyncssh.PermissionDenied,
    asyncssh.KeyExchangeFailed,
    asyncssh.SFTPPermissionDenied,
    asyncssh.SFTPNoSuchFile,
    asyncssh.SFTPNoSuchPath,
    asyncssh.SFTPWriteProtect,
    asyncssh.SFTPFileAlreadyExists,
)
"""What will not be otherwise at the next attempt."""

logging.getLogger("asyncssh").setLevel(logging.WARNING)  # it would log every connection and file


class SftpSending:
    """One consignment to one server."""

    def __init__(self, target: SftpTarget, context: JobContext) -> None:
        self._target, self._context = target, context

    def deliver(self, pieces: Sequence[Piece], name: str) -> str | None:
        """Send everything and return None, or a note if it was there already.

        Raises JobFailedError, and TemporaryError if it may succeed later.
        """
        where = f"{self._target.user}@{self._target.host}"
        try:
            return asyncio.run(self._deliver(pieces, name))
        except asyncssh.HostKeyNotVerifiable as error:
            raise JobFailedError(texts.WRONG_HOST_KEY(host=self._target.host)) from error
        except _FOR_GOOD as error:
            raise JobFailedError(texts.REFUSED(where=where, error=_said(error))) from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise TemporaryError(texts.AWAY(where=where, error=_said(error))) from error

    async def _deliver(self, pieces: Sequence[Piece], name: str) -> str | None:
        async with self._session() as sftp:
            final = self._target.folder / name
            shown = f"sftp://{self._target.host}/{final}"
            if await sftp.exists(final):
                if (said := difference(pieces, await self._read_all(sftp, final, PurePosixPath()))) is None:
                    return texts.ALREADY_THERE(where=shown)
                raise JobFailedError(texts.OTHER_THERE(where=shown, detail=said))
            temporary = self._target.folder / f"{TEMPORARY}{name}_{self._context.job_id}"
            if await sftp.exists(temporary):
                removed = f"{temporary} of an earlier attempt is removed"
                self._context.log.info(removed)
                await sftp.rmtree(temporary)
            try:
                await self._send_all(sftp, pieces, temporary)
                await sftp.rename(temporary, final)
            except BaseException:
                await self._clear(sftp, temporary)
                raise
        return None

    async def _send_all(
        self, sftp: asyncssh.SFTPClient, pieces: Sequence[Piece], temporary: PurePosixPath
    ) -> None:
        await sftp.makedirs(temporary)
        for done, one in enumerate(pieces):
            self._context.progress(done, len(pieces), one.name)
            remote = temporary / one.name
            await sftp.makedirs(remote.parent, exist_ok=True)
            await sftp.put(one.path, remote, progress_handler=self._on_progress)
            require_arrived(one, await self._read_back(sftp, remote), self._target.host)

    def _on_progress(self, _source: bytes, _target: bytes, _done: int, _total: int) -> None:
        self._context.checkpoint()

    async def _read_back(self, sftp: asyncssh.SFTPClient, remote: PurePosixPath) -> Arrived:
        reading = Reading(self._context)
        async with sftp.open(remote, "rb") as file:
            while chunk := cast("bytes", await file.read(_CHUNK_BYTES)):
                reading.take(chunk)
        return Arrived(reading.size, reading.sha256)

    async def _read_all(
        self, sftp: asyncssh.SFTPClient, folder: PurePosixPath, below: PurePosixPath
    ) -> dict[str, Arrived]:
        """Everything in a folder by its name relative to it."""
        found: dict[str, Arrived] = {}
        for entry in await sftp.listdir(folder / below):
            if entry in {".", ".."}:
                continue
            path = below / str(entry)
            if await sftp.isdir(folder / path):
                found |= await self._read_all(sftp, folder, path)
            else:
                found[str(path)] = await self._read_back(sftp, folder / path)
        return found

    async def _clear(self, sftp: asyncssh.SFTPClient, temporary: PurePosixPath) -> None:
        """Take back what is not complete; what cannot be removed is named in the log."""
        try:
            await sftp.rmtree(temporary)
        except asyncssh.SFTPNoSuchFile:
            return
        except (asyncssh.Error, OSError) as error:
            self._context.log.warning(texts.LEFT_BEHIND(where=temporary, error=_said(error)))

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[asyncssh.SFTPClient]:
        target = self._target
        options: dict[str, Any] = {
            "host": target.host,
            "port": target.port,
            "username": target.user,
            "known_hosts": ([asyncssh.import_public_key(target.host_key)], [], []),
            "client_keys": self._keys(),
            "password": SecretFile(target.password_file).read() if target.password_file else None,
            "agent_path": None,
            "config": None,
            "connect_timeout": target.connect_timeout_seconds,
            "keepalive_interval": 30,
        }
        async with asyncssh.connect(**options) as connection, connection.start_sftp_client() as sftp:
            yield sftp

    def _keys(self) -> list[asyncssh.SSHKey]:
        target = self._target
        if target.key_file is None:
            return []
        secret = SecretFile(target.passphrase_file).read() if target.passphrase_file else None
        try:
            return [asyncssh.read_private_key(target.key_file, secret)]
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
            raise JobFailedError(texts.REFUSED(where=target.key_file, error=_said(error))) from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
