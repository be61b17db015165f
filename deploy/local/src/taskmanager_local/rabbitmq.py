"""A private RabbitMQ node: its files, its commands and when it is ready.

It shares nothing with the system's RabbitMQ service: it has its own ports, cookie, data, log, plugins and
epmd (Erlang's name server), all on the loopback address. Debian's wrapper scripts refuse every user except
root and rabbitmq, so the scripts in the package's library folder are used. Knows nothing of queues.
"""

import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pika
from pika.exceptions import AMQPError

from taskmanager.accounts.broker_addresses import addresses
from taskmanager.accounts.broker_users import BrokerUser
from taskmanager.accounts.server_passwords import Passwords, definitions
from taskmanager.files.private_files import private_file
from taskmanager.rabbit.channel import parameters as connection_parameters
from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import LOCALHOST, LOOPBACK, Command, LocalStackError, private_folder

SCRIPT_PLACES = "lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
USER = "taskmanager"
START_LIMIT = timedelta(seconds=60)
POLL = timedelta(seconds=0.1)

# loopback_users is not needed: the node listens on the loopback address only.
# The disk limit is above the broker's default (50 MB), so that a full disk is noticed before MongoDB stops.
CONFIGURATION = """\
load_definitions = {folder}/definitions.json
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.relative = 0.4
log.console = true
log.console.level = info
log.connection.level = warning
log.file = false
"""


TLS = """\
listeners.tcp = none
listeners.ssl.1 = {address}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_none
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
"""

MANAGEMENT = """\
management.tcp.ip = {address}
management.tcp.port = {port}
"""

EXPORTER = """\
prometheus.tcp.ip = {address}
prometheus.tcp.port = {port}
"""


def server_script() -> Path:
    """The newest installed `rabbitmq-server` script that any user may run.

    Raises:
        LocalStackError: RabbitMQ is not installed.
    """
    found = sorted(Path("/usr").glob(SCRIPT_PLACES))
    if not found:
        raise LocalStackError(
            "RabbitMQ is not installed: run `make setup`, or set AMQP_URL to a broker of yours"
        )
    return found[-1]


@dataclass(frozen=True)
class RabbitmqNode:
    """One private node.

    Attributes:
        folder: where it writes all its files.
        port: AMQP.
        distribution_port: Erlang's own protocol, which the command-line tools speak.
        epmd_port: the private name server's port.
        users: in addition to the administrator.
        tls: the certificates of `localhost`, if it is to accept only TLS.
        management_port: the management API, which is served only if this is given.
        metrics_port: the node's own metrics for Prometheus, which are served only if this is given.
        address: the address it listens on.
    """

    folder: Path
    port: int
    distribution_port: int
    epmd_port: int
    users: tuple[BrokerUser, ...] = ()
    tls: Certificates | None = None
    management_port: int | None = None
    metrics_port: int | None = None
    address: str = LOOPBACK

    @property
    def url(self) -> str:
        """The administrator's AMQP address with user and password."""
        return self.url_of(USER)

    def url_of(self, user: str) -> str:
        """The AMQP URL for a service's user, which has the least permissions the service needs."""
        login = f"{user}:{self._passwords.of(user)}"
        if self.tls:
            return f"amqps://{login}@{LOCALHOST}:{self.port}/%2F?cacertfile={self.tls.authority}"
        return f"amqp://{login}@{self.address}:{self.port}/%2F"

    def prepare(self) -> None:
        """Write the configuration and the users; repeatable, keeps the passwords made the first time."""
        private_folder(self.folder)
        passwords = {name: self._passwords.of(name) for name in [USER, *(user.name for user in self.users)]}
        wanted = definitions(self.users, passwords, administrator=USER)
        private_file(self.folder / "definitions.json", json.dumps(wanted, indent=1))
        configuration = CONFIGURATION.format(folder=self.folder)
        if self.tls:
            configuration += TLS.format(
                address=f"{self.address}:{self.port}",
                authority=self.tls.authority,
                certificate=self.tls.certificate(LOCALHOST),
                key=self.tls.key(LOCALHOST),
            )
        if self.management_port:
            configuration += MANAGEMENT.format(address=self.address, port=self.management_port)
        if self.metrics_port:
            configuration += EXPORTER.format(address=self.address, port=self.metrics_port)
        private_file(self.folder / "rabbitmq.conf", configuration)
        private_file(self.folder / "enabled_plugins", f"[{','.join(self._plugins)}].\n")
        # empty files, so that those in /etc/rabbitmq are not read
        private_file(self.folder / "rabbitmq-env.conf", "")
        private_file(self.folder / "advanced.config", "[].\n")

    def commands(self) -> list[Command]:
        """The processes of this node in starting order."""
        environment = self.environment()
        epmd = ["epmd", "-address", self.address, "-port", str(self.epmd_port)]
        return [
            Command("epmd", epmd, environment, port=self.epmd_port),
            Command("rabbitmq", [str(server_script())], environment, port=self.port),
        ]

    def environment(self) -> dict[str, str]:
        """The variables that make every RabbitMQ script, including the command-line tools, use this node."""
        folder, interface = str(self.folder), self.address.replace(".", ",")
        # these would open a port without TLS as well
        plain = {"RABBITMQ_NODE_IP_ADDRESS": self.address, "RABBITMQ_NODE_PORT": str(self.port)}
        return {
            **({} if self.tls else plain),
            # the cookie, the secret between Erlang nodes, is kept in the home folder
            "HOME": folder,
            "ERL_EPMD_ADDRESS": self.address,
            "ERL_EPMD_PORT": str(self.epmd_port),
            # the data belongs to the name, so it never changes; a separate name server makes it unique
            "RABBITMQ_NODENAME": "taskmanager@localhost",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{{interface}}}",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/rabbitmq-env.conf",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_FEATURE_FLAGS_FILE": f"{folder}/data/feature_flags",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder}/data/generated",
            "RABBITMQ_PLUGINS_EXPAND_DIR": f"{folder}/data/plugins",
            "RABBITMQ_PID_FILE": f"{folder}/data/node.pid",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_LOGS": "-",
            # makes the script become the Erlang VM, which handles SIGTERM itself, instead of being its parent
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def wait_until_ready(self) -> None:
        """Wait until the node serves; raises LocalStackError."""
        wait_until_broker_answers(self.url)

    @property
    def _plugins(self) -> list[str]:
        wanted = {"rabbitmq_management": self.management_port, "rabbitmq_prometheus": self.metrics_port}
        return [plugin for plugin, port in wanted.items() if port]

    @property
    def _passwords(self) -> Passwords:
        return Passwords(self.folder / "passwords.json")


def wait_until_broker_answers(url: str, limit: timedelta = START_LIMIT) -> None:
    """Poll until the broker accepts the log-in.

    Raises:
        LocalStackError: it did not within the limit.
    """
    deadline = time.monotonic() + limit.total_seconds()
    nodes = addresses(url)
    while not any(map(_lets_us_in, nodes)):
        if time.monotonic() > deadline:
            raise LocalStackError(f"RabbitMQ was not ready within {limit.total_seconds():.0f} s; see its log")
        time.sleep(POLL.total_seconds())


def _lets_us_in(url: str) -> bool:
    parameters = connection_parameters(url, "taskmanager-local")
    parameters.socket_timeout = parameters.stack_timeout = 2
    try:
        # checked first, because pika logs a traceback for each refused connection
        socket.create_connection((parameters.host, parameters.port), timeout=2).close()
        pika.BlockingConnection(parameters).close()
    except (AMQPError, OSError):
        return False
    return True


def inherited_environment() -> dict[str, str]:
    """The caller's variables without those that would affect an Erlang program or a RabbitMQ script."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RABBITMQ_", "ERL_")) and name != "NOTIFY_SOCKET"
    }
