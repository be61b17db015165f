"""docker-compose.tls.yml as it runs. The last file, since the installation has TLS from then on."""

import re
import ssl
from pathlib import Path

import httpx
import pytest

from taskmanager_local.certificates import Certificates
from taskmanager_local.demo.process_folder import ProcessFolder

from .compose_file import SERVERS
from .stack import Stack
from .work import CONNECT, address_of, jobs

pytestmark = pytest.mark.timeout(1800)

SERVICE_LOGIN = """
import asyncio, sys
from pathlib import Path
from taskmanager.rabbit import Broker
async def nothing(channel): pass
url = Path("/run/accounts/amqp_url").read_text().replace("@rabbitmq:", f"@{sys.argv[1]}:")
asyncio.run(Broker.once(url, "trial", nothing))
"""
DATABASE_LOGIN = """
import sys, pymongo
from pathlib import Path
url = Path("/run/accounts/mongodb_url").read_text().replace("@mongo:", f"@{sys.argv[1]}:")
url = url.replace("replicaSet=rs0", "directConnection=true")
pymongo.MongoClient(url, serverSelectionTimeoutMS=5000).taskmanager.jobs.find_one()
"""


def test_with_tls_everything_is_verified_and_a_wrong_name_is_refused(
    stack: Stack, book: ProcessFolder, files: Path, tmp_path: Path
) -> None:
    before = jobs(stack, book, files)
    stack.compose("down", "--timeout", "30")
    certificates = Certificates(tmp_path / "tls")
    for names in (["rabbitmq"], ["mongo"], ["gateway", "localhost"]):
        certificates.issue(names)
    stack.tls = certificates.folder
    stack.up()
    stack.wait_until_done(*before, *jobs(stack, book, files))

    other_name = stack.client(base_url=f"https://127.0.0.1:{stack.port}")
    with other_name, pytest.raises(httpx.ConnectError, match="IP address mismatch"):
        other_name.get("/health/ready")
    other_authority = stack.client(verify=ssl.create_default_context())
    with other_authority, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        other_authority.get("/health/ready")
    with (
        stack.client(base_url=f"http://localhost:{stack.port}") as plain,
        pytest.raises(httpx.TransportError),
    ):
        plain.get("/health/ready")

    def broker(name: str) -> str:
        return stack.inside("runner-shell", "python", "-c", SERVICE_LOGIN, name).stderr

    def database(name: str) -> str:
        return stack.inside("gateway", "python", "-c", DATABASE_LOGIN, name).stderr

    assert (broker("rabbitmq"), database("mongo")) == ("", "")
    assert re.search("BrokerUnavailable|certificate|SSL", broker(address_of(stack, "rabbitmq", "broker")))
    assert re.search("mismatch|certificate", database(address_of(stack, "mongo", "database")))
    closed = stack.inside("runner-shell", "python", "-c", CONNECT, "rabbitmq", "5672")
    assert "refused" in closed.stderr
    for service in SERVERS:
        assert stack.inside(service, "cat", "/run/accounts/ca-key.pem").returncode != 0
