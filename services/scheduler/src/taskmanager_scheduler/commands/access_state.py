"""Users, tokens and sessions while one group is folded: what was loaded, and what became of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from taskmanager.model.access import Role, Token, User, user_key
from taskmanager.model.registry import AuditEntry
from taskmanager.ports.access_store import AccessPlan, AccessState


@dataclass(slots=True)
class AccessGroupState:
    """The working state; `heard` are the commands that were obeyed before."""

    loaded: AccessState
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    heard: dict[str, AuditEntry] = field(default_factory=dict)
    ended: dict[str, datetime] = field(default_factory=dict)
    uses: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start from what was loaded."""
        self.users = dict(self.loaded.users)
        self.tokens = dict(self.loaded.tokens)
        self.heard = dict(self.loaded.heard)

    def user(self, name: str) -> User | None:
        """The user, however the name is spelled."""
        return self.users.get(user_key(name))

    def keep(self, user: User) -> None:
        """This is what became of them."""
        loaded = self.loaded.users.get(user_key(user.name))
        changed = user.model_copy(update={"rev": (loaded.rev if loaded else 0) + 1})
        self.users[user_key(user.name)] = changed

    def drop(self, user: User) -> None:
        """They are gone."""
        del self.users[user_key(user.name)]

    def admin_without(self, user: User) -> bool:
        """Whether there is an enabled admin beside this user."""
        return any(is_enabled_admin(other) for key, other in self.users.items() if key != user_key(user.name))

    def note_uses(self, uses: Mapping[str, datetime], now: datetime) -> None:
        """When tokens were last used, to the minute; no gateway's clock makes it later than now."""
        for token, moment in uses.items():
            minute = min(moment, now).replace(second=0, microsecond=0)
            self.uses[token] = max(minute, self.uses.get(token, minute))

    def plan(self) -> AccessPlan | None:
        """What to write, if there is anything."""
        before = self.loaded
        plan = AccessPlan(
            rev=before.rev,
            users=[user for key, user in self.users.items() if before.users.get(key) is not user],
            removed_users=sorted(before.users.keys() - self.users.keys()),
            tokens=[token for key, token in self.tokens.items() if before.tokens.get(key) is not token],
            ended_sessions=self.ended,
            token_uses=self.uses,
        )
        return plan if plan.changes_access or plan.token_uses else None


def is_enabled_admin(user: User) -> bool:
    """Whether they can take care of users and tokens."""
    return user.role is Role.ADMIN and user.disabled is None
