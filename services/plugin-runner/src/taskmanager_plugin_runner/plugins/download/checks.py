"""Whether a downloaded file is what its source says."""

from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.download import texts
from taskmanager_plugin_runner.plugins.download.sources.remote import RemoteFile
from taskmanager_plugin_runner.plugins.download.transfer.store import digest_of

_NAMES: Final = {"md5": "MD5", "sha1": "SHA-1"}


def require_as_described(remote: RemoteFile, path: Path) -> None:
    """Compare size and checksum with those that the source gives; raises JobFailedError."""
    size = path.stat().st_size
    if remote.bytes is not None and size != remote.bytes:
        raise JobFailedError(texts.WRONG_SIZE(name=remote.name, found=size, wanted=remote.bytes))
    if remote.digest is not None:
        kind, wanted = remote.digest
        if (found := digest_of(path, kind)) != wanted:
            raise JobFailedError(
                texts.WRONG_DIGEST(kind=_NAMES[kind], name=remote.name, found=found, wanted=wanted)
            )
