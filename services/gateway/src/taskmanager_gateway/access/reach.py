"""Keeps plugins apart: what somebody who is restricted to some plugins may see and do. Pure."""

from collections.abc import Sequence

from taskmanager.access import Principal, Right
from taskmanager.operations import JobFilter
from taskmanager_gateway.problems import FORBIDDEN, ProblemError

_WORDS = {
    Right.READ: "look at jobs and plugins",
    Right.SUBMIT: "submit jobs",
    Right.OPERATE: "change jobs, plugins, runners and reports",
    Right.ADMIN: "manage users and tokens",
}
WHOM_TO_ASK = "Somebody with the role admin can change that, on the page of users or that of tokens."


def allow(who: Principal, plugin: str) -> None:
    """Raise ProblemError (403) if the plugin is out of reach."""
    if not who.sees(plugin):
        raise forbidden(who, f"is restricted to {_named(who)}; this is about {plugin[:80]!r}")


def allow_all(who: Principal, what: str) -> None:
    """Raise ProblemError (403) for somebody restricted, where all plugins are concerned at once."""
    if not who.unrestricted:
        raise forbidden(who, f"is restricted to {_named(who)}; {what} concerns all plugins")


def allow_right(who: Principal, right: Right) -> None:
    """Raise ProblemError (403) without the right."""
    if not who.may(right):
        raise forbidden(who, f"may not {_WORDS[right]} (the right {right.value!r} is missing)")


def narrowed(
    who: Principal, plugin: str | None, plugins: Sequence[str] | None = None
) -> tuple[str, ...] | None:
    """The plugins a list is kept to; None: it names one plugin that may be seen, or nothing is kept back.

    Raises ProblemError (403) if it asks for a plugin out of reach.
    """
    for wanted in [*([plugin] if plugin is not None else []), *(plugins or ())]:
        allow(who, wanted)
    if plugins is not None:
        return tuple(plugins)
    return None if plugin is not None or who.plugins is None else tuple(sorted(who.plugins))


def forbidden(who: Principal, why: str) -> ProblemError:
    """403, in a sentence that says who may not do what and who can change that."""
    return ProblemError(FORBIDDEN, f"{who.name} {why}. {WHOM_TO_ASK}")


def _named(who: Principal) -> str:
    names = sorted(who.plugins or ())
    return f"the plugin{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else "no plugin at all"


def kept_within(who: Principal, chosen: JobFilter) -> JobFilter:
    """The filter, kept to the plugins within reach; raises ProblemError (403) if it names another one."""
    return chosen.model_copy(update={"plugins": narrowed(who, chosen.plugin, chosen.plugins)})


def reaches(who: Principal, chosen: JobFilter) -> bool:
    """Whether every job the filter may mean is within reach."""
    if chosen.plugin is not None:
        return who.sees(chosen.plugin)
    return who.unrestricted or (chosen.plugins is not None and all(map(who.sees, chosen.plugins)))
