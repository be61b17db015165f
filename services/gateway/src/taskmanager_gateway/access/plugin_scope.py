"""Keeps plugins apart: what a caller restricted to some plugins may see and do. Pure."""

from collections.abc import Sequence

from taskmanager.model.access import Principal, Right
from taskmanager.model.operations import JobFilter
from taskmanager.model.reasons import Code, Reason
from taskmanager_gateway.codes import access
from taskmanager_gateway.http.problems import FORBIDDEN, ProblemError


def allow(who: Principal, plugin: str) -> None:
    """Raise ProblemError (403) if the plugin is out of the caller's reach."""
    if not who.sees(plugin):
        raise forbidden(access.OTHER_PLUGIN, who, **_named(who), plugin=plugin[:80])


def allow_all(who: Principal, what: Reason) -> None:
    """Raise ProblemError (403) for a restricted caller where `what` concerns all plugins at once."""
    if not who.unrestricted:
        raise forbidden(access.ALL_PLUGINS, who, **_named(who), what=what)


def allow_right(who: Principal, right: Right) -> None:
    """Raise ProblemError (403) if the caller lacks the right."""
    if not who.may(right):
        raise forbidden(access.RIGHTS[right], who)


def narrowed(
    who: Principal, plugin: str | None, plugins: Sequence[str] | None = None
) -> tuple[str, ...] | None:
    """The plugins a list is narrowed to; None: it names one plugin within reach, or needs no narrowing.

    Raises ProblemError (403) if it asks for a plugin out of reach.
    """
    for wanted in [*([plugin] if plugin is not None else []), *(plugins or ())]:
        allow(who, wanted)
    if plugins is not None:
        return tuple(plugins)
    return None if plugin is not None or who.plugins is None else tuple(sorted(who.plugins))


def forbidden(code: Code, who: Principal, **parameters: Reason | int | str) -> ProblemError:
    """A 403 error whose sentence says who may not do what, and who can change that."""
    return ProblemError(FORBIDDEN, code(name=who.name, **parameters))


def _named(who: Principal) -> dict[str, int | str]:
    names = sorted(who.plugins or ())
    return {"plugins": ", ".join(names), "count": len(names)} if names else {}


def kept_within(who: Principal, chosen: JobFilter) -> JobFilter:
    """The filter, narrowed to the plugins within reach; raises ProblemError (403) if it names another one."""
    return chosen.model_copy(update={"plugins": narrowed(who, chosen.plugin, chosen.plugins)})


def reaches(who: Principal, chosen: JobFilter) -> bool:
    """Whether every job the filter may match is within reach."""
    if chosen.plugin is not None:
        return who.sees(chosen.plugin)
    return who.unrestricted or (chosen.plugins is not None and all(map(who.sees, chosen.plugins)))
