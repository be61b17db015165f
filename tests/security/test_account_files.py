"""Passwords made at the first start: who can read them, that they stay, and that real servers take them."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from taskmanager_local.certificates import Certificates
from taskmanager_local.servers import RunningServer
from taskmanager_scheduler.cli.accounts import main

ROOT = Path(__file__).parents[2]


def made(folder: Path, *more: str, database: str = "mongo:27017/taskmanager") -> dict[str, bytes]:
    arguments = [str(folder), "--plugins", "jp2", "shell", "--broker", "rabbitmq:5672"]
    main([*arguments, "--database", database, *more])
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_file_is_for_its_owner_only_and_every_password_another(tmp_path: Path) -> None:
    files = made(tmp_path / "accounts")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.rglob("*") if file.is_file()} == {0o600}
    addresses = [content for name, content in files.items() if name.endswith("_url")]
    assert len(addresses) == 9
    assert len({address.split(b"@")[0].rsplit(b":")[-1] for address in addresses}) == len(addresses)
    assert not [name for name in files if name.startswith("runner") and "mongodb" in name]


def test_passwords_stay_and_a_new_plugin_gets_one(tmp_path: Path) -> None:
    first = made(tmp_path)
    second = made(tmp_path, "--plugins", "jp2", "shell", "ocr")
    changed = {name for name, content in second.items() if first.get(name) != content}
    assert changed == {"passwords.json", "broker/definitions.json", "runner-ocr/amqp_url"}


def test_the_broker_gets_hashes_of_the_same_passwords_and_retired_users_no_right(tmp_path: Path) -> None:
    files = made(tmp_path, "--retire", "taskmanager")
    definitions = json.loads(files["broker/definitions.json"])
    _, password = files["gateway/amqp_url"].decode().removeprefix("amqp://").split("@")[0].split(":")
    users = {user["name"]: base64.b64decode(user["password_hash"]) for user in definitions["users"]}
    salt, digest = users["taskmanager-gateway"][:4], users["taskmanager-gateway"][4:]
    assert digest == hashlib.sha256(salt + password.encode()).digest()
    [retired] = [right for right in definitions["permissions"] if right["user"] == "taskmanager"]
    assert {retired["configure"], retired["write"], retired["read"]} == {"^$"}


def test_with_certificates_each_address_names_the_authority_and_each_server_gets_its_own_key(
    tmp_path: Path,
) -> None:
    certificates = Certificates(tmp_path / "tls")
    for name in ("rabbitmq", "mongo", "gateway"):
        certificates.issue([name])
    plain = made(tmp_path / "accounts")
    files = made(tmp_path / "accounts", "--tls", str(certificates.folder), "--read-at", "/run/accounts")
    broker, database = files["gateway/amqp_url"].decode(), files["gateway/mongodb_url"].decode()
    assert broker.startswith("amqps://")
    assert broker.endswith("?cacertfile=/run/accounts/ca.pem")
    assert database == f"{plain['gateway/mongodb_url'].decode()}?tls=true&tlsCAFile=/run/accounts/ca.pem"
    keys = {name for name, content in files.items() if b"PRIVATE KEY" in content}
    assert keys == {"broker/key.pem", "database/certificate-and-key.pem", "gateway/key.pem"}
    folders = {name.split("/")[0] for name in files if name.endswith("/ca.pem")}
    assert folders == {name.split("/")[0] for name in files if "/" in name}
    modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "accounts").rglob("*") if file.is_file()}
    assert modes == {0o600}


@pytest.mark.parametrize("times", [1, 2])
def test_a_database_gets_the_accounts_of_the_addresses(
    mongod: RunningServer, tmp_path: Path, times: int
) -> None:
    """The program may be run any number of times."""
    database = f"compose{os.getpid()}x{times}"
    address = f"127.0.0.1:{mongod.port}/{database}?replicaSet=tm"
    made(tmp_path, database=address)
    shutil.copy(mongod.log.parent / "keyfile", tmp_path / "replica-set" / "keyfile")
    environment = {
        "MONGODB_URL": f"mongodb://{address}",
        "TASKMANAGER_ACCOUNTS": str(tmp_path / "replica-set"),
    }
    script = [sys.executable, "-m", "taskmanager_scheduler.cli.replica_set"]
    for _ in range(times):
        subprocess.run(script, env=environment, check=True, timeout=60)
    client: MongoClient[dict[str, Any]]
    with MongoClient((tmp_path / "scheduler" / "mongodb_url").read_text()) as client:
        client[database].jobs.update_one({"_id": "1"}, {"$set": {"a": 1}}, upsert=True)
    with MongoClient((tmp_path / "gateway" / "mongodb_url").read_text()) as client:
        assert client[database].jobs.find_one() is not None
        with pytest.raises(OperationFailure):
            client[database].jobs.delete_many({})
    with MongoClient(mongod.url) as client:
        client.drop_database(database)
