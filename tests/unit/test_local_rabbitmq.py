"""What the private RabbitMQ node is told to serve beside AMQP."""

from pathlib import Path

import pytest

from taskmanager_local.rabbitmq import RabbitmqNode


@pytest.mark.parametrize(
    ("management", "metrics", "plugins"),
    [
        (None, None, "[].\n"),
        (15672, None, "[rabbitmq_management].\n"),
        (None, 15692, "[rabbitmq_prometheus].\n"),
        (15672, 15692, "[rabbitmq_management,rabbitmq_prometheus].\n"),
    ],
)
def test_a_plugin_is_on_only_with_a_port_of_its_own_on_the_loopback(
    tmp_path: Path, management: int | None, metrics: int | None, plugins: str
) -> None:
    RabbitmqNode(tmp_path, 5672, 25672, 4369, management_port=management, metrics_port=metrics).prepare()

    assert (tmp_path / "enabled_plugins").read_text() == plugins
    lines = (tmp_path / "rabbitmq.conf").read_text().splitlines()
    addresses = [line for line in lines if line.partition(" = ")[0].endswith("tcp.ip")]
    served = {"management": management, "prometheus": metrics}
    assert addresses == [f"{name}.tcp.ip = 127.0.0.1" for name, port in served.items() if port]
    assert (f"prometheus.tcp.port = {metrics}" in lines) is (metrics is not None)
