"""Users, tokens and sessions while a group is decided on: what was loaded and how it changed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from taskmanager.messages import SessionUse
from taskmanager.model.access import KnownSession, Role, Token, User, user_key
from taskmanager.model.registry import AuditEntry
from taskmanager.ports.access_store import AccessPlan, AccessState


@dataclass(slots=True)
class AccessGroupState:
    """The working state; `heard` holds the audit entries of commands that were executed before."""

    loaded: AccessState
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    heard: dict[str, AuditEntry] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    uses: dict[str, datetime] = field(default_factory=dict)
    sessions: dict[str, KnownSession] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    """Keys of users of whom only the used codes have changed."""

    def __post_init__(self) -> None:
        """Start from what was loaded."""
        self.users = dict(self.loaded.users)
        self.tokens = dict(self.loaded.tokens)
        self.heard = dict(self.loaded.heard)

    def user(self, name: str) -> User | None:
        """The user with this name, in any spelling."""
        return self.users.get(user_key(name))

    def keep(self, user: User) -> None:
        """Store the user's new state."""
        loaded = self.loaded.users.get(user_key(user.name))
        changed = user.model_copy(update={"rev": (loaded.rev if loaded else 0) + 1})
        self.users[user_key(user.name)] = changed
        self.quiet.discard(user_key(user.name))

    def keep_quietly(self, user: User) -> None:
        """Store a user who only used up a code: this changes nothing about what anyone may do."""
        key = user_key(user.name)
        quiet = key in self.quiet or self.users.get(key) is self.loaded.users.get(key)
        self.keep(user)
        if quiet:
            self.quiet.add(key)

    def drop(self, user: User) -> None:
        """Remove the user."""
        del self.users[user_key(user.name)]

    def admin_without(self, user: User) -> bool:
        """Whether there is an enabled admin other than this user."""
        return any(is_enabled_admin(other) for key, other in self.users.items() if key != user_key(user.name))

    def note_uses(self, uses: Mapping[str, datetime], now: datetime) -> None:
        """Record when tokens were last used, to the minute; no gateway's clock places it later than `now`."""
        for token, moment in uses.items():
            minute = min(moment, now).replace(second=0, microsecond=0)
            self.uses[token] = max(minute, self.uses.get(token, minute))

    def note_sessions(self, uses: Iterable[SessionUse], now: datetime) -> None:
        """Record which sessions were used; no gateway's clock places that later than `now`."""
        for use in uses:
            known = self.sessions.get(use.session)
            self.sessions[use.session] = KnownSession(
                id=use.session,
                user=user_key(use.user),
                begun=use.begun,
                last_used=max(min(use.at, now), known.last_used) if known else min(use.at, now),
                ends=max(use.ends, known.ends) if known else use.ends,
                address=use.address,
                browser=use.browser,
            )

    def plan(self) -> AccessPlan | None:
        """What to write, or None."""
        before = self.loaded
        changed = {key: user for key, user in self.users.items() if before.users.get(key) is not user}
        plan = AccessPlan(
            rev=before.rev,
            users=[user for key, user in changed.items() if key not in self.quiet],
            used_codes=[user for key, user in changed.items() if key in self.quiet],
            removed_users=sorted(before.users.keys() - self.users.keys()),
            tokens=[token for key, token in self.tokens.items() if before.tokens.get(key) is not token],
            ended_sessions=self.ended,
            token_uses=self.uses,
            session_uses=list(self.sessions.values()),
        )
        used = plan.token_uses or plan.session_uses
        return plan if plan.guarded or plan.ended_sessions or used else None


def is_enabled_admin(user: User) -> bool:
    """Whether this user can manage users and tokens."""
    return user.role is Role.ADMIN and user.disabled is None
