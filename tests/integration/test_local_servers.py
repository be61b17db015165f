"""The private broker and database that other tests build on."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pika
import psutil
import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from taskmanager_local.servers import private_mongod, private_rabbitmq
from taskmanager_testing.waiting import eventually

HOLD_A_SERVER = """
import sys, time
from pathlib import Path
from typing import Any
from taskmanager_local.servers import private_mongod
with private_mongod(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_broker_keeps_confirmed_messages_when_it_is_killed(tmp_path: Path) -> None:
    with private_rabbitmq(tmp_path) as server:
        with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("kept", durable=True)
            channel.basic_publish("", "kept", b"page 1", pika.BasicProperties(delivery_mode=2))
        server.kill()
        server.restart()
        with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
            _, _, body = connection.channel().basic_get("kept", auto_ack=True)
        pid = server.pid
    assert body == b"page 1"
    assert is_gone(pid)


def test_a_broker_listens_on_the_loopback_address_only(tmp_path: Path) -> None:
    with private_rabbitmq(tmp_path) as server:
        children = psutil.Process().children(recursive=True)
        listening = [
            connection.laddr.ip
            for process in children
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}
    assert server.port


def test_a_mongod_keeps_majority_writes_when_it_is_killed_and_has_transactions(tmp_path: Path) -> None:
    with private_mongod(tmp_path) as server:
        client: MongoClient[dict[str, Any]]
        with MongoClient(server.url) as client:
            database: Database[dict[str, Any]] = client.get_default_database(
                write_concern=WriteConcern("majority", j=True)
            )
            with client.start_session() as session, session.start_transaction():
                database["jobs"].insert_one({"_id": 1}, session=session)
        server.kill()
        server.restart()
        with MongoClient(server.url) as client:
            assert client.get_default_database()["jobs"].count_documents({}) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_server_does_not_outlive_the_process_that_started_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        pid = int(holder.stdout.readline())
        assert not is_gone(pid)
        os.kill(holder.pid, signal.SIGKILL)
        eventually(lambda: is_gone(pid))
