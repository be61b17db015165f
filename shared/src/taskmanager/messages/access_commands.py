"""Commands about users, tokens and sessions, and notices of when tokens and sessions were used.

These messages carry no secrets: the gateway has already hashed passwords, recovery codes and token secrets,
and encrypted the secrets of second factors; of security keys only the public key is known. The sender has
checked that the actor may give the command.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from taskmanager.messages.wire import Message
from taskmanager.model.access import Right, Role, TokenName, UserName
from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.security_keys import KeyId, KeyName, PublicKey, SignatureCounter

SecretHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hexadecimal, of something random."""


class AddUser(Record):
    """A new user. `plugins` None: all of them; `password_hash` None: no log-in with a password."""

    type: Literal["add_user"] = "add_user"
    name: UserName
    role: Role
    plugins: tuple[PluginName, ...] | None = None
    password_hash: ShortText | None = None
    one_time: bool = False
    action: Literal["add_user"] = "add_user"


class ChangeUser(Record):
    """A field that is None stays as it is, so that two admins do not undo each other's changes."""

    type: Literal["change_user"] = "change_user"
    name: UserName
    role: Role | None = None
    plugins: Literal["all"] | tuple[PluginName, ...] | None = None
    disabled: bool | None = None
    action: Literal["change_user"] = "change_user"


class SetPassword(Record):
    """A new password; all sessions of the user end.

    `rehash_of`: the same password, hashed with newer settings. It is then set only if that hash is still the
    stored one, and sessions continue.
    """

    type: Literal["set_password"] = "set_password"
    name: UserName
    password_hash: ShortText
    one_time: bool = False
    rehash_of: ShortText | None = None
    action: Literal["set_password"] = "set_password"


class EndSessions(Record):
    """Log the user out everywhere."""

    type: Literal["end_sessions"] = "end_sessions"
    name: UserName
    action: Literal["end_sessions"] = "end_sessions"


class RemoveUser(Record):
    """Remove the user; the name may be used again."""

    type: Literal["remove_user"] = "remove_user"
    name: UserName
    action: Literal["remove_user"] = "remove_user"


class AddToken(Record):
    """A token for a program. `secret_hash` is SHA-256 in hexadecimal; `plugins` None: all of them."""

    type: Literal["add_token"] = "add_token"
    id: ShortText
    name: TokenName
    secret_hash: SecretHash
    scopes: Annotated[tuple[Right, ...], Field(min_length=1)]
    plugins: tuple[PluginName, ...] | None = None
    expires: datetime | None = None
    action: Literal["add_token"] = "add_token"


class RevokeToken(Record):
    """The token is no longer valid."""

    type: Literal["revoke_token"] = "revoke_token"
    token: ShortText
    action: Literal["revoke_token"] = "revoke_token"


class EndSession(Record):
    """Log out: this session of `user` becomes invalid. It is forgotten once it would have ended anyway."""

    type: Literal["end_session"] = "end_session"
    user: UserName
    session: ShortText
    expires: datetime
    action: Literal["end_session"] = "end_session"


class SetSecondFactor(Record):
    """From now on, codes from a device are required after the user's password.

    `sealed` is the secret, encrypted by a gateway; `step` is that of the code which proved that the device
    has it; `recovery` holds the SHA-256 of the recovery codes, in hexadecimal.
    """

    type: Literal["set_second_factor"] = "set_second_factor"
    name: UserName
    sealed: ShortText
    step: int
    recovery: Annotated[tuple[SecretHash, ...], Field(max_length=20)] = ()
    action: Literal["set_second_factor"] = "set_second_factor"


class RemoveSecondFactor(Record):
    """Nothing is required after the password any more: neither codes nor security keys."""

    type: Literal["remove_second_factor"] = "remove_second_factor"
    name: UserName
    action: Literal["remove_second_factor"] = "remove_second_factor"


class RemoveDevice(Record):
    """Codes from the device are no longer valid; security keys stay valid."""

    type: Literal["remove_device"] = "remove_device"
    name: UserName
    action: Literal["remove_device"] = "remove_device"


class AddSecurityKey(Record):
    """The user can log in with this key as a second factor from now on.

    `challenge` is the SHA-256 of the challenge the key was created for, which is valid until `ends`;
    `recovery` holds hashes of recovery codes if the user had no second factor before.
    """

    type: Literal["add_security_key"] = "add_security_key"
    name: UserName
    key: KeyId
    label: KeyName
    public: PublicKey
    counter: SignatureCounter
    challenge: SecretHash
    ends: datetime
    recovery: Annotated[tuple[SecretHash, ...], Field(max_length=20)] = ()
    action: Literal["add_security_key"] = "add_security_key"


class RemoveSecurityKey(Record):
    """The key is no longer accepted. `label` is its name, for the audit."""

    type: Literal["remove_security_key"] = "remove_security_key"
    name: UserName
    key: KeyId
    label: KeyName
    action: Literal["remove_security_key"] = "remove_security_key"


class UseSecurityKey(Record):
    """A key has signed a challenge, which can be used only once; a used one is refused.

    `challenge` is the SHA-256 of the challenge, which is valid until `ends`; `counter` is the signature
    counter of the answer, `label` the name of the key, for the audit.
    """

    type: Literal["use_security_key"] = "use_security_key"
    name: UserName
    key: KeyId
    label: KeyName
    counter: SignatureCounter
    challenge: SecretHash
    ends: datetime
    action: Literal["use_security_key"] = "use_security_key"


class UseCode(Record):
    """Use up a correct code; one that was used up before is refused.

    `step` is that of a device's code, `recovery` the hash of a recovery code; one of them is given.
    """

    type: Literal["use_code"] = "use_code"
    name: UserName
    step: int | None = None
    recovery: SecretHash | None = None
    action: Literal["use_code"] = "use_code"


AccessOrder = (
    AddUser
    | ChangeUser
    | SetPassword
    | EndSessions
    | RemoveUser
    | AddToken
    | RevokeToken
    | EndSession
    | SetSecondFactor
    | RemoveSecondFactor
    | RemoveDevice
    | AddSecurityKey
    | RemoveSecurityKey
    | UseSecurityKey
    | UseCode
)


class LogInSeen(Record):
    """A log-in at a gateway, accepted or refused; `times` is above one if the same happened repeatedly.

    `user` is empty if no user has that name; `address` is where the request came from; `way` is the step that
    decided: a code or a security key, where one is required, follows the password. `refusal` is an
    `OidcRefusal` or one of a newer gateway; earlier gateways send none.
    """

    id: ShortText
    at: datetime
    user: ShortText = ""
    address: ShortText = ""
    way: Literal["password", "code", "security_key", "oidc"]
    outcome: Literal["done", "refused", "too_many"]
    times: Annotated[int, Field(ge=1)] = 1
    refusal: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] | None = None


class LogInsSeen(Message):
    """The log-ins seen at one gateway, for the audit."""

    type: Literal["log_ins_seen"] = "log_ins_seen"
    seen: Annotated[tuple[LogInSeen, ...], Field(min_length=1, max_length=1_000)]


class TokensUsed(Message):
    """When tokens, by id, were last used at one gateway; sent at most once a minute, and not persistent."""

    type: Literal["tokens_used"] = "tokens_used"
    uses: Mapping[ShortText, datetime]


class SessionUse(Record):
    """A session was used: `at`, from `address`, by `browser` (its `User-Agent`).

    `ends` is the latest moment at which it can be valid if it is not used again.
    """

    session: ShortText
    user: UserName
    begun: datetime
    at: datetime
    ends: datetime
    address: ShortText = ""
    browser: ShortText = ""


class SessionsUsed(Message):
    """The sessions a gateway saw in use; each at most once in five minutes, and not persistent."""

    type: Literal["sessions_used"] = "sessions_used"
    uses: Annotated[tuple[SessionUse, ...], Field(min_length=1, max_length=1_000)]
