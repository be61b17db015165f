"""The services understand what the chart tells them: settings, ports, paths, programs, times to end."""

import importlib.metadata
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from deploy.reference.settings import variable
from tests.kubernetes.manifests import ROOT, Pod, Rendered, all_rendered, values_of_the_chart

from taskmanager import __version__
from taskmanager.process.config import FILE_SUFFIX, Settings
from taskmanager.serving.http import health_app
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_orchestrator.settings import OrchestratorSettings
from taskmanager_plugin_runner.__main__ import parse
from taskmanager_plugin_runner.settings import RUNNER_ID_PATTERN, RunnerSettings
from taskmanager_scheduler.settings import SchedulerSettings

SETTINGS: Mapping[str, type[Settings]] = {
    "gateway": GatewaySettings,
    "scheduler": SchedulerSettings,
    "migrate": SchedulerSettings,
    "runner": RunnerSettings,
    "orchestrator": OrchestratorSettings,
}
SERVICE = {"runner": "plugin-runner", "migrate": "scheduler"}
"""Whose image it is, where that is not called like the component."""
OWN_IMAGE = "registry.example.org/plugins/validation:7"
"""Of a plugin in the set `everything`."""
OTHERS = re.compile(r"OTEL_[A-Z_]+|TASKMANAGER_PICTURE_MEMORY_MB")
"""What is read, but not by a class of settings; `docs/settings.md` names both."""


def _known(component: str) -> set[str]:
    settings = SETTINGS[component]
    names = {variable(name, field) for name, field in settings.model_fields.items()}
    return names | {name + FILE_SUFFIX for name in names}


def test_every_setting_that_a_pod_is_told_exists(rendered: Rendered) -> None:
    for pod in rendered.pods():
        told = [one["name"] for one in pod.container["env"]]
        assert len(told) == len(set(told)), f"{pod.name} is told something twice"
        strange = {name for name in told if not OTHERS.fullmatch(name)} - _known(pod.component)
        assert not strange, pod.name


def test_the_services_accept_their_values(rendered: Rendered, monkeypatch: pytest.MonkeyPatch) -> None:
    for pod in rendered.pods():
        with monkeypatch.context() as patch:
            for name, value in pod.environment.items():
                if value is not None and not name.endswith(FILE_SUFFIX):
                    patch.setenv(name, value)
            settings: Any = SETTINGS[pod.component]()
            assert settings.http_port == 8080
            assert settings.http_host == "0.0.0.0"  # noqa: S104 - in its pod it is asked from outside
            if pod.component in {"runner", "gateway"}:
                assert settings.job_roots


def test_large_numbers_are_written_out() -> None:
    (pod,) = all_rendered()["one-plugin"].pods("runner")
    assert pod.environment["TASKMANAGER_AHEAD_BYTES"] == "4294967296"


def test_addresses_come_from_files(rendered: Rendered) -> None:
    for pod in rendered.pods():
        assert pod.environment["AMQP_URL_FILE"] == "/run/accounts/amqp_url"
        has = pod.component in {"gateway", "scheduler", "migrate"}
        assert ("MONGODB_URL_FILE" in pod.environment) == has


def _paths() -> set[str]:
    return {route.path for route in health_app({}).routes}  # type: ignore[attr-defined]


def test_probes_ask_for_addresses_that_there_are(rendered: Rendered) -> None:
    for pod in rendered.pods():
        if pod.component == "migrate":
            continue
        (port,) = pod.container["ports"]
        assert port == {"name": "http", "containerPort": 8080}
        scheme = "HTTPS" if "TASKMANAGER_TLS_CERTIFICATE" in pod.environment else "HTTP"
        probes = {
            kind: pod.container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
        }
        for probe in probes.values():
            assert probe["path"] in _paths()
            assert (probe["port"], probe["scheme"]) == (port["name"], scheme)
        assert probes["liveness"]["path"] == "/health/live", "a missing database is no reason to start again"
        assert probes["readiness"]["path"] == "/health/ready"


def test_metrics_are_asked_for_where_they_are() -> None:
    for monitor in all_rendered()["everything"].of("PodMonitor"):
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert endpoint["path"] in _paths()
        assert endpoint["port"] == "http"


def test_programs_and_their_options_exist(rendered: Rendered) -> None:
    programs = {one.name for one in importlib.metadata.entry_points(group="console_scripts")}
    for pod in rendered.pods():
        command = pod.container.get("command", ())
        assert set(command[:1]) <= programs
        if pod.component == "runner":
            options = parse(command[1:])
            assert options.plugin == pod.labels["taskmanager/plugin"]
            assert (options.slots, options.transfers) > (0, 0)


def _compose() -> Mapping[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    services: Mapping[str, Any] = yaml.safe_load(text)["services"]
    return services


def test_images_are_those_that_are_built(rendered: Rendered) -> None:
    built = {one["image"] for one in _compose().values() if "build" in one}
    for pod in rendered.pods():
        image = pod.container["image"]
        if image == OWN_IMAGE:
            continue
        name = re.split(r"[@:]", image.rpartition("/")[2])[0]
        assert name in built
        assert name.startswith(f"taskmanager-{SERVICE.get(pod.component, pod.component)}")
        assert "@sha256:" in image or image.endswith(f":{__version__}")


def test_a_plugin_may_have_an_image_of_its_own() -> None:
    images = {pod.name: pod.container["image"] for pod in all_rendered()["everything"].pods("runner")}
    assert images["jobs-runner-jp2validation"] == OWN_IMAGE


def test_a_runner_is_called_like_its_pod_which_stays(rendered: Rendered) -> None:
    for pod in rendered.pods("runner"):
        (name,) = [one for one in pod.container["env"] if one["name"] == "TASKMANAGER_RUNNER_ID"]
        assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert pod.workload["kind"] == "StatefulSet"
        assert re.fullmatch(RUNNER_ID_PATTERN, f"{pod.name}-999")
        assert len(pod.name) <= 52, "the name of a set becomes part of labels of at most 63 characters"


def test_a_runner_has_time_to_hand_its_jobs_back(rendered: Rendered) -> None:
    for pod in rendered.pods("runner"):
        drain = float(str(pod.environment["TASKMANAGER_DRAIN_SECONDS"]))
        assert pod.spec["terminationGracePeriodSeconds"] >= drain + 20


def test_a_gateway_has_time_to_end_after_it_is_called_no_more(rendered: Rendered) -> None:
    for pod in rendered.pods("gateway"):
        before = pod.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod.spec["terminationGracePeriodSeconds"] >= before + 30


def test_something_ends_the_orphans_of_a_runner(rendered: Rendered) -> None:
    assert all(pod.spec["shareProcessNamespace"] is True for pod in rendered.pods("runner"))


def test_roots_are_what_is_mounted(rendered: Rendered) -> None:
    for pod in rendered.pods():
        roots = pod.environment.get("TASKMANAGER_ROOTS")
        if roots is not None:
            assert set(_mounted(pod)) <= set(roots.split(":"))
            shared = pod.environment.get("TASKMANAGER_TRANSPORT", "shared") == "shared"
            assert set(_mounted(pod)) == set(roots.split(":")) or not shared or pod.component == "gateway"


def _mounted(pod: Pod) -> list[str]:
    return [one["mountPath"] for one in pod.container["volumeMounts"] if one["name"].startswith("files-")]


def test_a_set_of_one_more_scaler_has_no_number_of_its_own() -> None:
    for name in ("keda", "orchestrator"):
        for pod in all_rendered()[name].pods("runner"):
            scaled = {
                one["spec"]["scaleTargetRef"]["name"] for one in all_rendered()[name].of("ScaledObject")
            }
            for role in all_rendered()[name].of("Role"):
                scaled |= set(role["rules"][0]["resourceNames"])
            assert ("replicas" in pod.workload["spec"]) == (pod.name not in scaled)


def test_the_chart_has_the_plugins_of_the_compose_file_with_the_same_slots() -> None:
    """Those of a profile in the compose file are in the chart, too, but not enabled."""
    runners = {name: one for name, one in _compose().items() if name.startswith("runner-")}
    compose = [one["command"] for one in runners.values() if "profiles" not in one]
    chart = [[*pod.container["command"]] for pod in all_rendered()["default"].pods("runner")]
    assert sorted(chart) == sorted(compose)
    values = values_of_the_chart()["plugins"]
    assert set(values) == {name.removeprefix("runner-") for name in runners}
    for plugin, one in values.items():
        runner = runners[f"runner-{plugin}"]
        assert one.get("enabled", True) == ("profiles" not in runner)
        assert ["--slots", str(one.get("slots", 2))] == runner["command"][3:5]
