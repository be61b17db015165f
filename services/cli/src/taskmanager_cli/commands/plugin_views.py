"""What people are shown of plugins."""

from collections.abc import Iterator, Mapping
from typing import Any

from taskmanager_cli.output.tables import Column, field
from taskmanager_cli.output.text import attribution, duration, moment, size


def _jobs(tab: str) -> Column:
    return Column(tab, lambda plugin: plugin["tabs"][tab]["jobs"], right=True)


PLUGINS = (
    Column("name", lambda plugin: plugin["manifest"]["name"], whole=True),
    Column("title", lambda plugin: plugin["manifest"]["title"]),
    field("state", "state"),
    Column("new jobs", lambda plugin: "accepted" if plugin["accepting"] else "refused"),
    _jobs("queue"),
    field("running", "still_running", right=True),
    _jobs("done"),
    _jobs("error"),
    Column("slots", lambda plugin: f"{plugin['busy']}/{plugin['slots']}", right=True),
    field("limit", "limit", right=True),
)
HOURS = (
    Column("hour", lambda hour: moment(hour["hour"])[:16] or "all", whole=True),
    field("done", "done", right=True),
    field("failed", "failed", right=True),
    field("cancelled", "cancelled", right=True),
    field("files", "files", right=True),
    Column("size", lambda hour: size(hour["bytes"]), right=True),
    Column("median", lambda hour: duration(hour["median_seconds"]), right=True),
    Column("95 %", lambda hour: duration(hour["p95_seconds"]), right=True),
    Column("longest", lambda hour: duration(hour["longest_seconds"]), right=True),
)


def plugin_details(plugin: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything about one plugin."""
    manifest, stop = plugin["manifest"], plugin["stop"] or {}
    yield from ((name, manifest[name]) for name in ("name", "title", "version", "job_type", "templates"))
    yield "state", plugin["state"]
    yield "stopped by", attribution(plugin["stop"])
    yield "mode of stop", stop.get("mode")
    yield "until", moment(stop.get("until"))
    yield "new jobs", "accepted" if plugin["accepting"] else "refused"
    yield "refused by", attribution(plugin["refused"])
    yield "running", str(plugin["still_running"])
    yield from ((status, number) for status, number in plugin["statuses"].items() if number)
    yield "limit", plugin["limit"]
    yield "runners", str(plugin["runners_alive"])
    yield "slots", f"{plugin['busy']} of {plugin['slots']} busy"
    yield from (
        (f"tab {name}", f"{tab['jobs']} jobs, {tab['files']} files, {size(tab['bytes'])}")
        for name, tab in plugin["tabs"].items()
    )
    yield "pause", manifest.get("pause")
    yield "parameters", list(manifest.get("parameters", {}).get("properties", {}))
