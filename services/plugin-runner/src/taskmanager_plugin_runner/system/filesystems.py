"""What the runner needs to know about a file system: is it local, is there enough space."""

import shutil
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.files.mounts import mount_of
from taskmanager.model.reasons.job_texts import file_texts

NETWORK_TYPES = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "virtiofs",
    }
)
"""Types in /proc/self/mountinfo (proc(5)) that are read over a network."""

RESERVE_BYTES = 64 * 1024 * 1024
"""Space left free when files are copied: a full disk should be a clear error, not a broken machine."""


def is_local(path: Path, mounts: str | None = None) -> bool:
    """Whether `path` is on a disk of this machine, judging by its mount (`mounts` as in mountinfo)."""
    mount = mount_of(path.resolve(), mounts)
    return mount is not None and mount.kind not in NETWORK_TYPES


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise JobFailedError if `needed_bytes` do not fit on the file system of `folder`."""
    free = shutil.disk_usage(folder).free
    if needed_bytes + RESERVE_BYTES > free:
        raise JobFailedError(
            file_texts.NOT_ENOUGH_SPACE(path=folder, needed=megabytes(needed_bytes), free=megabytes(free))
        )


def megabytes(count: int) -> str:
    """A readable size, in MB."""
    return f"{count / 1_000_000:,.1f} MB"
