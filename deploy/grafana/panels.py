"""What all panels have in common: a data source to choose, a unit, a description, a place on the grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)

COUNT, PER_MINUTE, PER_SECOND = "short", "cpm", "cps"
SECONDS, BYTES, BYTES_PER_SECOND, SHARE = "s", "bytes", "Bps", "percentunit"
"""The units, as Grafana names them. A share is from 0 to 1."""

THIRD, HALF = 8, 12
"""Widths of charts in columns of the grid, which has 24."""
FIGURE = 4
"""The width of a figure."""

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel: TypeAlias = timeseries.Panel | stat.Panel


@dataclass(frozen=True)
class Query:
    """A question to Prometheus, and the names of the series in its answer (`{{label}}` for a label)."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Alarm:
    """From which value on a figure is red; with `below`, beneath which."""

    at: float
    below: bool = False


def chart(
    title: str, description: str, unit: str, *queries: Query, width: int = THIRD, stacked: bool = False
) -> timeseries.Panel:
    """A panel with lines over time."""
    made = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .height(8)
        .span(width)
        .min(0)
        .fill_opacity(25 if stacked else 5)
        .line_width(1)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if stacked:
        made.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for number, query in enumerate(queries):
        made.with_target(_target(query, number))
    return made


def figure(
    title: str,
    description: str,
    unit: str,
    query: Query,
    alarm: Alarm | None = None,
    *,
    width: int = FIGURE,
) -> stat.Panel:
    """A panel with the present value; green or red if there is an alarm."""
    made = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .datasource(SOURCE)
        .height(4)
        .span(width)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(_target(query))
    )
    if alarm is None:
        return made.color_mode(BigValueColorMode.NONE)
    low, high = ("red", "green") if alarm.below else ("green", "red")
    steps = [Threshold(value=None, color=low), Threshold(value=alarm.at, color=high)]
    thresholds = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    return (
        made.color_mode(BigValueColorMode.BACKGROUND)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds)
    )


def leading_to(panel: Panel, title: str, page: str) -> Panel:
    """The same panel with a link to a page of the product; `page` may name labels of the series."""
    address = f"${{taskmanager}}{page}"
    link = dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(address).target_blank(True)
    return panel.data_links([link]) if "__field" in page else panel.links([link])


def quantiles(metric: str, where: str, *levels: float, by: Sequence[str] = ()) -> list[Query]:
    """Quantiles of a histogram over the interval of the chart, for each value of the labels in `by`."""
    labels = ", ".join(("le", *by))
    names = " ".join(f"{{{{{label}}}}}" for label in by)
    rate = f"sum by ({labels}) (rate({metric}_bucket{{{where}}}[$__rate_interval]))"
    return [Query(f"histogram_quantile({level}, {rate})", f"{names} {level:.0%}".strip()) for level in levels]


def per_second(metric: str, where: str, *by: str, rest: str = "") -> Query:
    """How fast a counter grows, for each value of the labels in `by`, or named `rest` if there are none."""
    grouped = f" by ({', '.join(by)})" if by else ""
    names = " ".join(f"{{{{{label}}}}}" for label in by)
    return Query(f"sum{grouped} (rate({metric}{{{where}}}[$__rate_interval]))", names or rest)


def per_minute(metric: str, where: str, *by: str, rest: str = "") -> Query:
    """The same in a minute, for what happens seldom."""
    query = per_second(metric, where, *by, rest=rest)
    return Query(f"60 * {query.expr}", query.legend)


def _target(query: Query, number: int = 0) -> prometheus.Dataquery:
    """The question, named A, B, C within its panel as Grafana does it."""
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + number))
