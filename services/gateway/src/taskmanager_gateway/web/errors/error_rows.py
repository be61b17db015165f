"""The rows of the page of errors: a group, and where its jobs are listed and retried. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from taskmanager.model.access import Principal, Right
from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.plugins.views import PluginView


@dataclass(frozen=True, slots=True)
class TouchedPlugin:
    """One plugin of a group; `operates`: whether the reader may retry its jobs."""

    name: str
    title: str
    operates: bool


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One group with its plugins; `jobs` is the query string of the list of its jobs."""

    group: ErrorGroup
    plugins: Sequence[TouchedPlugin]
    jobs: str


def error_rows(groups: Iterable[ErrorGroup], seen: Iterable[PluginView], who: Principal) -> list[ErrorRow]:
    """The rows for this reader, in the order of the groups."""
    titles = {one.manifest.name: one.manifest.title for one in seen}
    return [
        ErrorRow(
            group=group,
            plugins=[
                TouchedPlugin(name, titles.get(name, name), who.may(Right.OPERATE, name))
                for name in group.plugins
            ],
            jobs=urlencode(
                {"tab": Tab.ERROR.value, "status": Status.ERROR.value, "error_group": group.group}
            ),
        )
        for group in groups
    ]
