"""The plugins and runners of the sample data: one at work, and one for each state an operator may meet."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from taskmanager.model.control import Drain, Stop, StopMode
from taskmanager.model.jobs import Attribution
from taskmanager.model.manifest import Need, PauseSupport, PluginManifest
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState, ScalingMode, Wish

JP2, SHELL, OCR, PDF, LONG = "jp2", "shell", "ocr", "pdf", "checks-of-everything-that-ever-came-here"
"""At work; stopped; refusing new jobs and without a runner; stopping; with the longest name and title."""
UNINSTALLED = "tiff-check"
"""Has jobs, but is no longer known."""

_TITLES = {
    JP2: "JPEG 2000",
    SHELL: "Bildableitungen",
    OCR: "Texterkennung für Fraktur",
    PDF: "PDF",
    LONG: "Prüfung aller Lieferungen auf Vollständigkeit, Dateinamen, Farbprofile und lesbare Metadaten",
}
_TEMPLATES = ("lossless", "lossy", "preview")


def plugins(now: datetime) -> list[InstalledPlugin]:
    """All installed plugins."""
    states: dict[str, dict[str, Any]] = {
        SHELL: {"stop": _stop(now, hours=2, mode=StopMode.FINISH, until=now + timedelta(hours=3))},
        OCR: {
            "refused": Attribution(
                by="bertä", at=now - timedelta(days=1), reason="Zu viele Aufträge aus dem Import"
            )
        },
        PDF: {"stop": _stop(now, hours=1, mode=StopMode.SUSPEND, until=None)},
    }
    return [
        InstalledPlugin(
            manifest=_manifest(name), installed_at=now - timedelta(days=400), rev=1, **states.get(name, {})
        )
        for name in _TITLES
    ]


def _stop(now: datetime, *, hours: int, mode: StopMode, until: datetime | None) -> Stop:
    reason = "Der Speicher wird erweitert; <b>bitte warten</b>"
    return Stop(by="anna", at=now - timedelta(hours=hours), reason=reason, mode=mode, until=until)


_PARAMETERS: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "language": {
            "type": "string",
            "title": "Languages",
            "description": "ISO 639 codes, the most frequent first",
            "x-titles": {"de": "Sprachen"},
        },
        "font_type": {"enum": ["antiqua", "fraktur"], "title": "Type", "x-titles": {"de": "Schriftart"}},
        "page_segmentation": {"type": "integer", "minimum": 1, "maximum": 13, "default": 3},
        "keep_blank": {"type": "boolean", "default": True, "title": "Keep blank pages"},
        "words": {"type": "array", "items": {"type": "string"}, "title": "Words to know"},
    },
    "additionalProperties": False,
}


def _manifest(name: str) -> PluginManifest:
    more = {"parameters": _PARAMETERS} if name == OCR else {}
    return PluginManifest(
        name=name,
        title=_TITLES[name],
        job_type=name.upper(),
        version="1.2.0",
        templates=_TEMPLATES if name == JP2 else (),
        template_default=_TEMPLATES[0] if name == JP2 else None,
        source=Need.OPTIONAL,
        destination=Need.OPTIONAL,
        pause=PauseSupport.CHECKPOINT,
        max_running=4 if name == JP2 else None,
        **more,
    )


ALIVE = ("werk-1", "werk-2", "pdf-1", "prüf-1")
GONE = ("werk-alt", "ocr-1")


def runners(now: datetime) -> Iterator[RunnerState]:
    """Two working for one plugin, one of them draining; one for each of two others; and two that are gone."""
    drain = Drain(by="anna", at=now - timedelta(minutes=20), reason="Kernel-Update", until=None)
    yield _runner("werk-1", JP2, now, busy=2)
    yield _runner("werk-2", JP2, now, busy=1, drain=drain)
    yield _runner("pdf-1", PDF, now, busy=1)
    yield _runner("prüf-1", LONG, now, busy=0)
    yield _runner("werk-alt", JP2, now - timedelta(days=3), busy=0)
    yield _runner("ocr-1", OCR, now - timedelta(minutes=4), busy=1)


def replicas(now: datetime) -> Iterator[ReplicaSet]:
    """Of the plugin with the longest name: at one place a runner does not start, the other is silent."""
    failing = "exec /usr/bin/pruefung: no such file or directory"
    yield ReplicaSet(
        plugin=LONG,
        place="werk",
        wish=Wish(mode=ScalingMode.AUTO, min=0, max=4, desired=2),
        wished=Attribution(by="anna", at=now - timedelta(hours=3), reason="viele Lieferungen"),
        engine="docker",
        most=8,
        agent="1",
        reported=now + timedelta(days=1),  # nobody reports again, and it is to count as at work all the time
        replicas=(
            Replica(name="prüf-1", runner="prüf-1", state=ReplicaState.RUNNING),
            Replica(name="prüf-2", runner="prüf-2", state=ReplicaState.FAILING, failures=4, detail=failing),
        ),
        rev=1,
    )
    yield ReplicaSet(
        plugin=LONG,
        place="magazin",
        wish=Wish(desired=1),
        engine="systemd",
        most=2,
        agent="1",
        reported=now - timedelta(hours=2),
        replicas=(Replica(name="prüf-3", runner="prüf-3", state=ReplicaState.RUNNING),),
        rev=1,
    )


def _runner(name: str, plugin: str, heard: datetime, *, busy: int, drain: Drain | None = None) -> RunnerState:
    return RunnerState(
        id=name,
        instance="1",
        plugin=plugin,
        host=f"{name}.bibliothek.example.org",
        version="0.1.0",
        slots=2,
        transfers=1,
        busy=busy,
        started_at=heard - timedelta(days=2, hours=5),
        last_heartbeat=heard,
        drain=drain,
    )
