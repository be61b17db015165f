"""Users, tokens and ended sessions, cached so that not every request has to read the store."""

import hashlib

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Token, User
from taskmanager.ports.readers import AccessReader
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.single_flight import SingleFlightCache

ONLY = "only"


class Directory:
    """What the store knows about callers; every method may raise StoreUnavailableError."""

    def __init__(self, reader: AccessReader) -> None:
        """`reader` reads the store."""
        self._users: SingleFlightCache[str, User | None] = SingleFlightCache(
            lambda name: from_store(reader.user(name))
        )
        self._tokens: SingleFlightCache[str, Token | None] = SingleFlightCache(
            lambda digest: from_store(reader.token_by_hash(digest)), worth=lambda token: token is not None
        )
        self._ended: SingleFlightCache[str, bool] = SingleFlightCache(
            lambda session: from_store(reader.session_ended(session))
        )
        self._reader = reader
        self._key: bytes | None = None
        self._factor_key: bytes | None = None

    def forget(self) -> None:
        """Drop the cached entries: somebody's rights may have changed."""
        for remembered in (self._users, self._tokens, self._ended):
            remembered.forget()

    async def user(self, name: str) -> User | None:
        """The user, or None."""
        return await self._users.get(name)

    async def token(self, secret: str) -> Token | None:
        """The token with this secret. An unknown one is looked up again each time."""
        return await self._tokens.get(secret_hash(secret))

    async def session_ended(self, session: str) -> bool:
        """Whether the session was ended before it expired."""
        return await self._ended.get(session)

    async def session_key(self) -> bytes:
        """The key that signs cookies; read once, as it never changes."""
        if self._key is None:
            self._key = await from_store(self._reader.session_key())
        if self._key is None:
            message = "there is no key for sessions: run taskmanager-migrate"
            raise StoreUnavailableError(message)
        return self._key

    async def second_factor_key(self) -> bytes:
        """The key that encrypts the secrets of second factors; read once, as it never changes."""
        if self._factor_key is None:
            self._factor_key = await from_store(self._reader.second_factor_key())
        if self._factor_key is None:
            message = "there is no key for second factors: run taskmanager-migrate"
            raise StoreUnavailableError(message)
        return self._factor_key


def secret_hash(secret: str) -> str:
    """The hash under which tokens are stored: SHA-256 is enough, since the secret itself is random."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
