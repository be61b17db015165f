"""Users, tokens and ended sessions as last read, so that asking who somebody is costs no read each time."""

import hashlib

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Token, User
from taskmanager.ports.readers import AccessReader
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.single_flight import SingleFlightCache

ONLY = "only"


class Directory:
    """What the store says of who may ask; every call may raise StoreUnavailableError."""

    def __init__(self, reader: AccessReader) -> None:
        """`reader` is asked."""
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
        """Somebody may do something else from now on."""
        for remembered in (self._users, self._tokens, self._ended):
            remembered.forget()

    async def user(self, name: str) -> User | None:
        """The user."""
        return await self._users.get(name)

    async def token(self, secret: str) -> Token | None:
        """The token with this secret. One that is not known is asked for again each time."""
        return await self._tokens.get(secret_hash(secret))

    async def session_ended(self, session: str) -> bool:
        """Whether somebody logged out of it."""
        return await self._ended.get(session)

    async def session_key(self) -> bytes:
        """What cookies are signed with; read once, for it never changes."""
        if self._key is None:
            self._key = await from_store(self._reader.session_key())
        if self._key is None:
            message = "there is no key for sessions: run taskmanager-migrate"
            raise StoreUnavailableError(message)
        return self._key

    async def second_factor_key(self) -> bytes:
        """What secrets of second factors are encrypted with; read once, for it never changes."""
        if self._factor_key is None:
            self._factor_key = await from_store(self._reader.second_factor_key())
        if self._factor_key is None:
            message = "there is no key for second factors: run taskmanager-migrate"
            raise StoreUnavailableError(message)
        return self._factor_key


def secret_hash(secret: str) -> str:
    """As tokens are stored: SHA-256, for the secret itself is random."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
