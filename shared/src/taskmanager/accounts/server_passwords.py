"""Passwords of servers' accounts, made once and kept in a private file, and what servers read of them."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from taskmanager.accounts.broker_users import BrokerUser
from taskmanager.files.private_files import private_file

PASSWORD_BYTES = 24
KEYFILE_BYTES = 512
SALT_BYTES = 4
"""The length of RabbitMQ's salt for SHA-256 (its documentation: "Credentials and Passwords")."""


class Passwords:
    """A password for each name, kept in one file of mode 0600."""

    def __init__(self, file: Path) -> None:
        """The file is created with the first password."""
        self._file = file

    def of(self, name: str) -> str:
        """The password of that name, the same from now on; only characters that are valid in a URL."""
        kept = self._kept()
        if name not in kept:
            kept[name] = secrets.token_urlsafe(PASSWORD_BYTES)
            private_file(self._file, json.dumps(kept, indent=1) + "\n")
        return kept[name]

    def _kept(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        kept: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        return kept


def keyfile_text() -> str:
    """The secret that members of a MongoDB replica set share: 6 to 1024 characters of base64."""
    return base64.b64encode(secrets.token_bytes(KEYFILE_BYTES)).decode()


def definitions(
    users: Iterable[BrokerUser],
    passwords: Mapping[str, str],
    *,
    administrator: str | None = None,
    retired: Iterable[str] = (),
) -> dict[str, Any]:
    """What RabbitMQ's `load_definitions` reads: the users, their permissions, the virtual host `/`.

    `passwords` is by user name. `retired` users get a password nobody knows and no permissions, because an
    import never removes a user. The administrator, if there is one, may do everything.
    """
    known = list(users)
    names = [user.name for user in known]
    rights = [_permission(user.name, user.configure, user.write, user.read) for user in known]
    if administrator is not None:
        names.append(administrator)
        rights.append(_permission(administrator, ".*", ".*", ".*"))
    gone = list(retired)
    rights += [_permission(name, "^$", "^$", "^$") for name in gone]
    unknown = [_user(name, secrets.token_urlsafe(PASSWORD_BYTES), None) for name in gone]
    return {
        "vhosts": [{"name": "/"}],
        "users": [*(_user(name, passwords[name], administrator) for name in names), *unknown],
        "permissions": rights,
        "topic_permissions": [
            {
                "user": user.name,
                "vhost": "/",
                "exchange": topic.exchange,
                "write": topic.write,
                "read": topic.read,
            }
            for user in known
            for topic in user.topics
        ],
    }


def _permission(user: str, configure: str, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": "/", "configure": configure, "write": write, "read": read}


def _user(name: str, password: str, administrator: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": broker_hash(password, secrets.token_bytes(SALT_BYTES)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"] if name == administrator else [],
    }


def broker_hash(password: str, salt: bytes) -> str:
    """RabbitMQ's salted SHA-256."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
