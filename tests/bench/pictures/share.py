"""A folder that behaves like one on a file server: `python -m tests.bench.pictures.share FOLDER POINT`.

A FUSE file system over `FOLDER`: every operation takes 5 ms, and all bytes go over one line of 100 MB/s. The
kernel caches names and attributes for a second, as it does for NFS and SMB, and reads ahead. Needs root or
fusermount3, libfuse 3 and the package mfusepy, which nothing else of this project needs.
"""

# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108 - names as the kernel gives them

import importlib
import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskmanager_testing.waiting import eventually

DELAY_SECONDS = 0.005
BYTES_PER_SECOND = 100_000_000


def missing() -> str | None:
    """Why such a share cannot be made here; None if it can."""
    if not _package():
        return "the package mfusepy is not installed"
    return None if Path("/dev/fuse").exists() else "there is no /dev/fuse"


@contextmanager
def mounted(folder: Path, point: Path) -> Iterator[Path]:
    """The share at `point`, its files in `folder`."""
    point.mkdir()
    words = [sys.executable, "-m", "tests.bench.pictures.share", str(folder), str(point)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        eventually(point.is_mount, within_seconds=10, what="the share is mounted")
        yield point
    finally:
        subprocess.run(["/bin/umount", str(point)], check=False)
        server.terminate()
        server.wait()


def _package() -> bool:
    return importlib.util.find_spec("mfusepy") is not None


class Line:
    """The line that all operations share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, count: int = 0) -> None:
        """Let one operation with that many bytes pass."""
        time.sleep(DELAY_SECONDS)
        if count:
            with self._lock:
                time.sleep(count / BYTES_PER_SECOND)


class Share:
    """The operations; paths are seen from the mount point."""

    use_ns = True

    def __init__(self, folder: Path) -> None:
        self._folder, self._line = folder, Line()

    def _real(self, path: str) -> str:
        self._line.take()
        return f"{self._folder}{path}"

    def getattr(self, path: str, handle: int | None = None) -> Mapping[str, Any]:
        found = os.lstat(self._real(path)) if handle is None else os.fstat(handle)
        names = ("st_gid", "st_ino", "st_mode", "st_nlink", "st_size", "st_uid")
        times = {f"st_{kind}time": getattr(found, f"st_{kind}time_ns") for kind in "amc"}
        return {name: getattr(found, name) for name in names} | times

    def readdir(self, path: str, _: int) -> list[str]:
        return [".", "..", *os.listdir(self._real(path))]

    def statfs(self, path: str) -> Mapping[str, int]:
        found = os.statvfs(self._real(path))
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_files", "f_frsize", "f_namemax")
        return {name: getattr(found, name) for name in names}

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), flags)

    def create(self, path: str, mode: int, _: Any = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, _: str, size: int, offset: int, handle: int) -> bytes:
        self._line.take(size)
        return os.pread(handle, size, offset)

    def write(self, _: str, data: bytes, offset: int, handle: int) -> int:
        self._line.take(len(data))
        return os.pwrite(handle, data, offset)

    def truncate(self, path: str, length: int, _: int | None = None) -> int:
        os.truncate(self._real(path), length)
        return 0

    def fsync(self, *_: Any) -> int:
        self._line.take()
        return 0

    def release(self, _: str, handle: int) -> int:
        os.close(handle)
        return 0

    def rename(self, old: str, new: str, *_: Any) -> int:
        os.rename(self._real(old), f"{self._folder}{new}")
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._real(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._real(path))
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._real(path))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._real(path), mode)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        os.chown(self._real(path), uid, gid)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._real(path), ns=times or (0, 0))
        return 0


def main() -> None:
    """Serve until it is unmounted."""
    fuse: Any = importlib.import_module("mfusepy")
    operations = type("Operations", (Share, fuse.Operations), {})(Path(sys.argv[1]))
    fuse.FUSE(operations, sys.argv[2], foreground=True, nothreads=False, fsname="tm-bench-share")


if __name__ == "__main__":
    main()
