"""Decides what is to run: private servers where the caller provides none, and the services that use them."""

import os
from pathlib import Path

from taskmanager.accounts.broker_users import broker_users
from taskmanager.messages.topology import Topology
from taskmanager_local.access import USERS, ServiceAccess
from taskmanager_local.goobi import fake_goobi
from taskmanager_local.mongod import Mongod
from taskmanager_local.rabbitmq import RabbitmqNode
from taskmanager_local.services import Options, ServiceCommands, installed_plugins, service_environment
from taskmanager_local.state import Plan, Ports, StackFolder


def mongod_folder(folder: StackFolder) -> Path:
    """Where the private mongod keeps its data."""
    return folder.path / "mongod"


def make_plan(folder: StackFolder, options: Options) -> Plan:
    """Choose ports, write the servers' files, and return what is to be started.

    Raises:
        LocalStackError: a server or a service is not installed, or a requested port is in use.
    """
    ports = Ports(folder)
    node = None if os.environ.get("AMQP_URL") else _private_broker(folder, ports, options)
    mongod = None if os.environ.get("MONGODB_URL") else _private_mongod(folder, ports, options)
    amqp_url = node.url if node else os.environ["AMQP_URL"]
    mongodb_url = mongod.url if mongod else os.environ["MONGODB_URL"]
    environment = service_environment(options.roots)
    access = ServiceAccess(folder.path / "access", node or amqp_url, mongod or mongodb_url)
    beside = []
    if options.goobi:
        goobi, settings = fake_goobi(folder, ports, options.goobi)
        beside = [goobi]
        environment["TASKMANAGER_GOOBI"] = str(settings)
    return Plan(
        servers=[*(node.commands() if node else []), *(mongod.commands() if mongod else [])],
        services=[*beside, *ServiceCommands(folder, ports, options, environment, access).all()],
        amqp_url=amqp_url,
        mongodb_url=mongodb_url,
        roots=[str(root) for root in options.roots],
        migrate=access.migrate,
        log_in=options.log_in and os.environ.get("TASKMANAGER_ACCESS") != "off",
    )


def _private_broker(folder: StackFolder, ports: Ports, options: Options) -> RabbitmqNode:
    node = RabbitmqNode(
        folder.path / "rabbitmq",
        port=ports.take("rabbitmq", options.amqp_port),
        distribution_port=ports.take("rabbitmq-distribution"),
        epmd_port=ports.take("epmd"),
        users=tuple(broker_users(Topology(), installed_plugins(), users=USERS)),
        metrics_port=options.broker_metrics_port,
    )
    node.prepare()
    return node


def _private_mongod(folder: StackFolder, ports: Ports, options: Options) -> Mongod:
    mongod = Mongod(mongod_folder(folder), ports.take("mongod", options.mongodb_port))
    mongod.prepare()
    return mongod
