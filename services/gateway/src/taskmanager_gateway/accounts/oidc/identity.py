"""Maps the provider's claims about a person to who they are here: name, role and plugins. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from taskmanager.model.access import Role, UserName
from taskmanager.model.jobs import PluginName
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager_gateway.access.oidc_settings import OidcSettings
from taskmanager_gateway.accounts.oidc.refusals import OidcError

ALL = "*"
OidcClaims = Mapping[str, Any]

_USER_NAME: TypeAdapter[str] = TypeAdapter(UserName)
_PLUGIN: TypeAdapter[str] = TypeAdapter(PluginName)


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """A person as the provider describes them."""

    name: str
    role: Role
    plugins: tuple[str, ...] | None = None
    """None: all of them."""
    plugins_told: bool = False
    """Whether the provider decides about the plugins; if not, what an admin set here is kept."""


def identity_of(claims: OidcClaims, settings: OidcSettings) -> ProviderIdentity:
    """Map the claims; raises OidcError without a usable name or a group that grants a role."""
    name = _name(claims, settings.oidc_user_claim)
    groups = _texts(claim(claims, settings.oidc_role_claim))
    role = next((role for role, group in settings.oidc_groups.items() if group in groups), None)
    if role is None:
        raise OidcError(OidcRefusal.NO_GROUP, f"{name} is in none of the groups that count", name)
    if not settings.oidc_plugins_claim:
        return ProviderIdentity(name, role)
    return ProviderIdentity(
        name, role, _plugins(claim(claims, settings.oidc_plugins_claim)), plugins_told=True
    )


def lacks(claims: OidcClaims, settings: OidcSettings) -> bool:
    """Whether a claim is missing entirely, so that it is worth asking the UserInfo endpoint for it."""
    wanted = (settings.oidc_user_claim, settings.oidc_role_claim, settings.oidc_plugins_claim)
    return any(claim(claims, name) is None for name in wanted if name)


def claim(claims: OidcClaims, name: str) -> Any:
    """The claim of that name or else the one its dotted path leads to; None if there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _name(claims: OidcClaims, name: str) -> str:
    value = claim(claims, name)
    try:
        return _USER_NAME.validate_python(value, strict=True)
    except ValidationError as error:
        detail = f"the claim {name!r} is missing or no name that can be used here"
        raise OidcError(OidcRefusal.NO_NAME, detail) from error


def _texts(value: Any) -> tuple[str, ...]:
    """The value as texts, from one text or a list; anything else yields nothing."""
    values = [value] if isinstance(value, str) else value
    return tuple(text for text in values if isinstance(text, str)) if isinstance(values, list) else ()


def _plugins(value: Any) -> tuple[str, ...] | None:
    """All plugins (None) for `*`; none without the claim. Values that are not plugin names are ignored."""
    named = _texts(value)
    return None if ALL in named else tuple(sorted({text for text in named if _is_plugin(text)}))


def _is_plugin(text: str) -> bool:
    try:
        _PLUGIN.validate_python(text)
    except ValidationError:
        return False
    return True
