"""Secrets in files: read when needed, read again when the file changes, never shown."""

from dataclasses import dataclass, field
from pathlib import Path

from taskmanager.errors import TemporaryError


class SecretUnreadableError(TemporaryError):
    """The file of a secret cannot be used; the message names the file, never its content."""


@dataclass(slots=True)
class SecretFile:
    """One secret; its value never appears in the text form of this object."""

    path: Path
    _seen: tuple[int, int, int] | None = field(default=None, init=False, repr=False)
    _value: str = field(default="", init=False, repr=False)

    def read(self) -> str:
        """The current content, stripped; raises SecretUnreadableError."""
        try:
            status = self.path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._value = self.path.read_text(encoding="utf-8").strip()
                self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise SecretUnreadableError(f"secret file {self.path} cannot be read: {reason}") from error
        if not self._value:
            raise SecretUnreadableError(f"secret file {self.path} is empty")
        return self._value
