"""Uploads to servers on this machine: SFTP, S3 and programs, with the faults of real ones."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.peers import ssh
from tests.peers.ssh import Ssh

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager_plugin_runner.plugins.upload import UploadPlugin
from taskmanager_plugin_runner.slot.checkpoint import JobCancelled
from taskmanager_testing.plugins import LocalContext, run_plugin

FILES = {"1.tif": b"one" * 50_000, "2.tif": b"", "a b.txt": b"drei"}
NAME = "title_of_a_process"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name, body in FILES.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """What lies at the other side."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


@pytest.fixture
def server(there: Path) -> Iterator[Ssh]:
    with ssh.serving(there) as running:
        yield running


@pytest.fixture(scope="module")
def bucket_address() -> Iterator[str]:
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="module")
def client(bucket_address: str) -> Iterator[Any]:
    """A client of our own, to look at what has arrived."""
    session = boto3.session.Session("key", "secret", region_name="us-east-1")
    made = session.client("s3", endpoint_url=bucket_address)
    yield made
    made.close()


@pytest.fixture
def bucket(client: Any) -> Iterator[Any]:
    """An empty bucket."""
    client.create_bucket(Bucket="archive")
    yield client
    for key in keys(client):
        client.delete_object(Bucket="archive", Key=key)
    client.delete_bucket(Bucket="archive")


def keys(bucket: Any) -> list[str]:
    return [one["Key"] for one in bucket.list_objects_v2(Bucket="archive").get("Contents", [])]


def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """The operator's target `archive`, with secrets in files."""
    folder = tmp_path / "templates" / "upload"
    folder.mkdir(parents=True, exist_ok=True)
    table = values.pop("bag_info", {})
    text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in {"title": "x", **values}.items())
    text += "\n[bag_info]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())
    (folder / "archive.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))


def secret(tmp_path: Path, name: str, value: str) -> str:
    (tmp_path / name).write_text(value + "\n", encoding="utf-8")
    return str(tmp_path / name)


def to_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Ssh, **more: Any) -> None:
    values = {
        "kind": "sftp",
        "host": "127.0.0.1",
        "port": server.port,
        "user": ssh.USER,
        "host_key": server.host_key,
        "password_file": secret(tmp_path, "password", ssh.PASSWORD),
        "folder": "/ingest",
    }
    target(tmp_path, monkeypatch, **{**values, **more})


def to_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, **more: Any) -> None:
    values = {
        "kind": "s3",
        "bucket": "archive",
        "prefix": "ingest/",
        "endpoint": address,
        "access_key_file": secret(tmp_path, "access", "key"),
        "secret_key_file": secret(tmp_path, "secret", "secret"),
    }
    target(tmp_path, monkeypatch, **{**values, **more})


def upload(source: Path, out: Path, **more: Any) -> LocalContext:
    return run_plugin(UploadPlugin(), source, out, **more)


def cancel_from(number: int, patch: pytest.MonkeyPatch) -> None:
    """Have the job end as a cancelled one does: at every checkpoint from this one on."""

    def checkpoint(context: LocalContext) -> None:
        context.checkpoints += 1
        if context.checkpoints >= number:
            raise JobCancelled

    patch.setattr(LocalContext, "checkpoint", checkpoint)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def warnings_of(context: LocalContext) -> list[str]:
    return [line for level, line in context.log.lines if level == "warning"]


def test_files_arrive_over_sftp_under_their_name_with_a_receipt_that_can_be_checked(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server)
    context = upload(source, tmp_path / "out")
    assert contents(there) == {f"ingest/{NAME}/{name}": body for name, body in FILES.items()}
    receipt = tmp_path / "out" / "upload" / "archive.sha256"
    subprocess.run(
        ["/usr/bin/sha256sum", "--strict", "--check", receipt], cwd=there / "ingest" / NAME, check=True
    )
    assert [one.name for one in context.records] == list(FILES)
    assert warnings_of(context) == []


def test_what_is_there_already_is_not_sent_again_without_a_word(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server)
    upload(source, tmp_path / "out")
    placed = (there / "ingest" / NAME / "1.tif").stat()
    assert "same content; nothing was sent" in warnings_of(upload(source, tmp_path / "again"))[0]
    assert (there / "ingest" / NAME / "1.tif").stat().st_mtime_ns == placed.st_mtime_ns
    (there / "ingest" / NAME / "1.tif").write_bytes(b"one" * 49_999 + b"two")
    with pytest.raises(JobFailedError, match=r"another content \(the SHA-256 of 1\.tif is "):
        upload(source, tmp_path / "third")
    (source / "4.tif").write_bytes(b"four")
    with pytest.raises(JobFailedError, match="nothing was sent"):
        upload(source, tmp_path / "fourth")


def test_a_server_with_another_host_key_gets_neither_password_nor_files(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh.serving(there) as other:
        to_ssh(tmp_path, monkeypatch, server, host_key=other.host_key)
        with pytest.raises(JobFailedError, match="does not show the host key that the target names"):
            upload(source, tmp_path / "out")
    assert server.log_ins == 0
    assert contents(there) == {}


def test_a_wrong_password_is_an_error_and_a_server_that_is_away_is_tried_again(
    server: Ssh, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server, password_file=secret(tmp_path, "wrong", "wrong"))
    with pytest.raises(JobFailedError, match="refuses it"):
        upload(source, tmp_path / "out")
    to_ssh(tmp_path, monkeypatch, server, port=1)
    with pytest.raises(TemporaryError, match="cannot be reached"):
        upload(source, tmp_path / "out2")
    to_ssh(tmp_path, monkeypatch, server, password_file=str(tmp_path / "missing"))
    with pytest.raises(TemporaryError, match="secret file"):
        upload(source, tmp_path / "out3")


def test_bytes_that_changed_on_the_way_are_noticed_and_nothing_stays(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server)
    server.spoils.add("1.tif")
    with pytest.raises(JobFailedError, match=r"not what was sent: the SHA-256 of 1\.tif"):
        upload(source, tmp_path / "out")
    assert contents(there) == {}


def test_after_a_lost_connection_the_next_attempt_sends_everything(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server)
    server.drops.append("a b.txt")
    with pytest.raises(TemporaryError, match="cannot be reached"):
        upload(source, tmp_path / "out")
    left = contents(there)
    assert all(name.startswith(f"ingest/_temp_{NAME}_") for name in left)
    upload(source, tmp_path / "again")
    assert contents(there) == {f"ingest/{NAME}/{name}": body for name, body in FILES.items()}


def test_whenever_an_upload_is_cancelled_nothing_is_left_or_everything_is_there(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server)
    for number in range(1, 60, 3):
        with monkeypatch.context() as patch, contextlib.suppress(JobCancelled):
            cancel_from(number, patch)
            upload(source, tmp_path / f"out{number}")
        if contents(there):
            break
        assert not list(there.glob("ingest/*"))
    assert number > 10
    assert contents(there) == {f"ingest/{NAME}/{name}": body for name, body in FILES.items()}


def test_a_bag_is_valid_for_another_program(
    server: Ssh, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_ssh(tmp_path, monkeypatch, server, bag=True, bag_info={"Source-Organization": "Bücherei"})
    upload(source, tmp_path / "out", parameters={"name": "PPN 1"})
    bag = bagit.Bag(str(there / "ingest" / "PPN 1"))
    bag.validate()
    assert set(bag.payload_files()) == {f"data/{name}" for name in FILES}
    assert bag.info["Source-Organization"] == "Bücherei"
    assert bag.info["External-Identifier"] == "PPN 1"
    assert contents(source) == FILES


def test_objects_arrive_under_their_keys_and_nothing_temporary_stays(
    bucket: Any, bucket_address: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_s3(tmp_path, monkeypatch, bucket_address)
    upload(source, tmp_path / "out")
    assert set(keys(bucket)) == {f"ingest/{NAME}/{name}" for name in FILES}
    for name, body in FILES.items():
        assert bucket.get_object(Bucket="archive", Key=f"ingest/{NAME}/{name}")["Body"].read() == body
    assert "nothing was sent" in warnings_of(upload(source, tmp_path / "again"))[0]
    bucket.delete_object(Bucket="archive", Key=f"ingest/{NAME}/2.tif")
    upload(source, tmp_path / "third")
    assert set(keys(bucket)) == {f"ingest/{NAME}/{name}" for name in FILES}
    bucket.put_object(Bucket="archive", Key=f"ingest/{NAME}/1.tif", Body=b"other")
    with pytest.raises(JobFailedError, match=r"another content \(1\.tif has 5 bytes instead of 150000\)"):
        upload(source, tmp_path / "fourth")


def test_a_bucket_that_is_not_there_is_an_error_and_a_service_that_is_away_is_tried_again(
    bucket: Any, bucket_address: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_s3(tmp_path, monkeypatch, bucket_address, bucket="nowhere")
    with pytest.raises(JobFailedError, match="NoSuchBucket"):
        upload(source, tmp_path / "out")
    to_s3(tmp_path, monkeypatch, "http://127.0.0.1:1", tries=1)
    with pytest.raises(TemporaryError, match="cannot be reached"):
        upload(source, tmp_path / "again")


@pytest.mark.parametrize("number", [9, 12])
def test_a_cancelled_upload_leaves_no_object_and_no_part_of_one(
    bucket: Any,
    bucket_address: str,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    to_s3(tmp_path, monkeypatch, bucket_address)
    (source / "1.tif").write_bytes(bytes(9_000_000))  # of two parts
    cancel_from(number + 9, monkeypatch)
    with pytest.raises(JobCancelled):
        upload(source, tmp_path / "out")
    assert keys(bucket) == []
    assert bucket.list_multipart_uploads(Bucket="archive").get("Uploads", []) == []


def test_a_program_sends_and_what_arrived_is_compared(
    source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = tmp_path / "listing.sh"
    listing.write_text('#!/bin/sh\ncd "$1" && find . -type f -exec sha256sum {} +\n', encoding="utf-8")
    listing.chmod(0o755)
    values: dict[str, Any] = {
        "kind": "command",
        "argv": ["cp", "-r", "{source}", str(there)],
        "read_back": [str(listing), f"{there}/{{name}}"],
    }
    target(tmp_path, monkeypatch, **values)
    upload(source, tmp_path / "out")
    assert contents(there / NAME) == FILES
    shutil.rmtree(there / NAME)
    target(tmp_path, monkeypatch, **{**values, "argv": ["mkdir", "-p", f"{there}/{{name}}/x"]})
    with pytest.raises(JobFailedError, match=r"1\.tif is missing"):
        upload(source, tmp_path / "again")
    assert os.listdir(there / NAME) == ["x"]
