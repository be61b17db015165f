"""Users, tokens and sessions in memory, with the full contract."""

from datetime import datetime

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import KnownSession, Token, User, user_key
from taskmanager.ports.access_store import AccessPlan, AccessState


class FakeAccess:
    """Implements `taskmanager.ports.readers.AccessReader`, and holds what `MemoryStore` keeps about access.

    It reads what tests put in with `put_user` and `put_token`. Clear `available` to make every call fail as
    if MongoDB were down.
    """

    def __init__(self) -> None:
        """No users; the session key already exists."""
        self.known_users: dict[str, User] = {}
        self.known_tokens: dict[str, Token] = {}
        self.ended: dict[str, datetime] = {}
        self.used: dict[str, KnownSession] = {}
        self.key: bytes | None = bytes(range(32))
        self.factor_key: bytes | None = bytes(range(32, 64))
        self.rev = 0
        self.available = True
        self.reads = 0

    def put_user(self, user: User) -> None:
        """Store a user, or the user's new state."""
        self.known_users[user_key(user.name)] = user

    def put_token(self, token: Token) -> None:
        """Store a token, or its new state."""
        self.known_tokens[token.id] = token

    async def user(self, name: str) -> User | None:
        """See the port."""
        self._answer()
        return self.known_users.get(user_key(name))

    async def users(self) -> list[User]:
        """See the port."""
        self._answer()
        return [self.known_users[key] for key in sorted(self.known_users)]

    async def token_by_hash(self, secret_hash: str) -> Token | None:
        """See the port."""
        self._answer()
        return next((one for one in self.known_tokens.values() if one.secret_hash == secret_hash), None)

    async def tokens(self) -> list[Token]:
        """See the port."""
        self._answer()
        return sorted(self.known_tokens.values(), key=lambda one: (one.created.at, one.id), reverse=True)

    async def session_ended(self, session_id: str) -> bool:
        """See the port."""
        self._answer()
        return session_id in self.ended

    async def sessions(self, name: str) -> list[KnownSession]:
        """See the port."""
        self._answer()
        key = user_key(name)
        found = [one for one in self.used.values() if one.user == key and one.id not in self.ended]
        return sorted(found, key=lambda one: (-one.last_used.timestamp(), one.id))

    async def session_key(self) -> bytes | None:
        """See the port."""
        self._answer()
        return self.key

    async def second_factor_key(self) -> bytes | None:
        """See the port."""
        self._answer()
        return self.factor_key

    def state(self) -> AccessState:
        """Everything, as a decision sees it."""
        return AccessState(rev=self.rev, users=dict(self.known_users), tokens=dict(self.known_tokens))

    def write(self, plan: AccessPlan) -> None:
        """See `AccessPlan`; raises StoreUnavailableError, with nothing written, if it is out of date."""
        if plan.guarded:
            if plan.rev != self.rev:
                message = "users or tokens changed meanwhile"
                raise StoreUnavailableError(message)
            self.rev += 1
        for key in plan.removed_users:
            self.known_users.pop(key, None)
        self.known_users |= {user_key(user.name): user for user in (*plan.users, *plan.used_codes)}
        for token in plan.tokens:
            known = self.known_tokens.get(token.id)
            used = {"last_used": known.last_used if known else None}
            self.known_tokens[token.id] = token.model_copy(update=used)
        self.ended = {**plan.ended_sessions, **self.ended}
        for token_id, moment in plan.token_uses.items():
            self._use(token_id, moment)
        for session in plan.session_uses:
            self._see(session)

    def _use(self, token_id: str, moment: datetime) -> None:
        token = self.known_tokens.get(token_id)
        if token is not None and (token.last_used is None or token.last_used < moment):
            self.known_tokens[token_id] = token.model_copy(update={"last_used": moment})

    def _see(self, session: KnownSession) -> None:
        known = self.used.get(session.id, session)
        kept = {
            "user": known.user,
            "begun": known.begun,
            "last_used": max(known.last_used, session.last_used),
            "ends": max(known.ends, session.ends),
        }
        self.used[session.id] = session.model_copy(update=kept)

    def _answer(self) -> None:
        self.reads += 1
        if not self.available:
            message = "the store is away"
            raise StoreUnavailableError(message)
