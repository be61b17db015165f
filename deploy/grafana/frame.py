"""A dashboard around its panels: the same variables and links on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.grafana.panels import SOURCE, Panel
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

TAG = "taskmanager"
GATEWAY = "http://127.0.0.1:8080"
"""Where the web pages are, until the reader writes another address into the variable."""


@dataclass(frozen=True)
class Scope:
    """What can be chosen on a dashboard, and where it leads.

    Attributes:
        instances: selects the series whose `instance` can be chosen.
        choices: variables in addition to those that every dashboard has.
        texts: variables to write into: name, title and first value.
        page: the page of the product that it is about.
    """

    instances: str
    choices: Sequence[dashboard.QueryVariable] = ()
    texts: Sequence[tuple[str, str, str]] = ()
    page: str = "/"


def framed(
    name: str, title: str, description: str, scope: Scope, sections: Sequence[tuple[str, Sequence[Panel]]]
) -> Dashboard:
    """The dashboard `taskmanager-<name>`; `sections` are headings with their panels."""
    made = (
        dashboard.Dashboard(f"TaskManager: {title}")
        .uid(f"{TAG}-{name}")
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .refresh("30s")
        .time("now-3h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(
            dashboard.DashboardLink("Dashboards")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .link(_page_link(scope.page))
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in (
        *scope.choices,
        choice("instance", "Instance", f"label_values({scope.instances}, instance)"),
    ):
        made.with_variable(variable)
    for variable, label, first in (*scope.texts, ("taskmanager", "Web pages", GATEWAY)):
        made.with_variable(dashboard.TextBoxVariable(variable).label(label).default_value(first))
    for heading, panels in sections:
        made.with_row(dashboard.Row(heading))
        for panel in panels:
            made.with_panel(panel)
    return _numbered(made.build())


def _page_link(page: str) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Web pages").type(DashboardLinkType.LINK).icon("external link")
    return link.url(f"${{taskmanager}}{page}").target_blank(True)


def choice(name: str, label: str, query: str, *, several: bool = True) -> dashboard.QueryVariable:
    """A variable with the values that the data source knows: all of them chosen at first, or one."""
    made = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if not several:
        return made
    everything = VariableOption(selected=True, text="All", value="$__all")
    return made.multi(True).include_all(True).all_value(".*").current(everything)


def _numbered(made: Dashboard) -> Dashboard:
    """The dashboard with a number for each panel, by which Grafana addresses it."""
    for number, panel in enumerate(made.panels or (), start=1):
        panel.id_val = number
    return made
