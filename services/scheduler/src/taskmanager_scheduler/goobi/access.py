"""Credentials for Goobi, built for each request, since secret files may change and tokens expire."""

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from taskmanager.goobi.installations import Dialect as DialectName
from taskmanager.goobi.installations import Installation, JwtAccess
from taskmanager.goobi.secrets import SecretFile

HIDDEN = "<secret>"


class Access:
    """The secrets of one installation."""

    def __init__(self, installation: Installation) -> None:
        """No secret file is read yet."""
        self._jwt = installation.jwt
        self._in_form = installation.dialect is DialectName.WEBAPI
        self._token = _secret(installation.token_file)
        self._api_token = _secret(installation.api_token_file)
        self._jwt_secret = _secret(installation.jwt.secret_file if installation.jwt else None)

    def password(self) -> str:
        """The password of the classic web API, which is sent in the form; raises SecretUnreadableError."""
        return self._token.read() if self._token is not None else ""

    def headers(self, method: str, path: str) -> dict[str, str]:
        """Headers for a REST request; `path` is below the interface's root. Raises SecretUnreadableError."""
        if self._in_form:
            return {}
        if self._token is not None:
            return {"token": self._token.read()}
        if self._api_token is not None:
            encoded = base64.b64encode(self._api_token.read().encode()).decode()
            return {"Authorization": f"Basic {encoded}"}
        if self._jwt is not None and self._jwt_secret is not None:
            return {"jwt": signed(self._jwt, self._jwt_secret.read(), method, path, datetime.now(UTC))}
        return {}

    def hide(self, text: str) -> str:
        """The text with all secrets masked, in case an answer repeats one."""
        for secret in (self._token, self._api_token, self._jwt_secret):
            if secret is not None:
                text = text.replace(secret.read(), HIDDEN)
        return text


def _secret(path: Path | None) -> SecretFile | None:
    return None if path is None else SecretFile(path)


def signed(access: JwtAccess, secret: str, method: str, path: str, now: datetime) -> str:
    """A token for this one call, built as Goobi builds its own (`JwtHelper`, `AuthorizationFilter`)."""
    key = secret
    if access.daily_key:
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        key = f"{secret}{int(day.timestamp() * 1000)}"
    claims = {
        "iss": access.issuer,
        "exp": now + timedelta(seconds=access.lifetime_seconds),
        "api_path": re.escape(path),
        "api_methods": [method.lower()],
    }
    return jwt.encode(claims, key, algorithm="HS256")
