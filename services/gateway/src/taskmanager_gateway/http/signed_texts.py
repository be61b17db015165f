"""Signed and dated texts that pass through a browser: cookies and hidden fields.

itsdangerous (BSD) signs them; any gateway with the same key can read them. They are not secret.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import URLSafeTimedSerializer


class SignedTexts:
    """Writes and reads the texts of one kind."""

    def __init__(self, key: bytes, salt: str) -> None:
        """`salt` differs for each kind, so that a text of one kind is none of another."""
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._serializer = URLSafeTimedSerializer(key, salt=salt, signer_kwargs=options)

    def write(self, value: object) -> str:
        """A value of JSON as text, dated now."""
        written = self._serializer.dumps(value)
        return written if isinstance(written, str) else written.decode()

    def read(self, text: str, lifetime: timedelta) -> tuple[Any, datetime]:
        """The value and when it was written; raises BadData if it is too old or not one of ours."""
        value, written = self._serializer.loads(
            text, max_age=round(lifetime.total_seconds()), return_timestamp=True
        )
        return value, written
