"""Sends a consignment into a bucket: under temporary keys, read back, then copied within the service.

An object appears only when it is complete, but objects cannot be renamed: so each is copied to its own key
when all of them have arrived, and the temporary ones are removed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from taskmanager.errors import JobFailedError, TemporaryError
from taskmanager.goobi.secrets import SecretFile
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.upload import texts
from taskmanager_plugin_runner.plugins.upload.consignment import (
    TEMPORARY,
    Arrived,
    Piece,
    Reading,
    difference,
    require_arrived,
)
from taskmanager_plugin_runner.plugins.upload.target import S3Target

_CHUNK_BYTES: Final = 1024 * 1024
_LATER: Final = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling"})


class _StopError(Exception):
    """The job is to end. The library cleans up after an Exception only, which JobCancelled is not."""


class S3Sending:
    """One consignment to one bucket."""

    def __init__(self, target: S3Target, context: JobContext) -> None:
        """Connects on first use; raises SecretUnreadableError."""
        self._target, self._context = target, context
        session = boto3.session.Session(
            aws_access_key_id=SecretFile(target.access_key_file).read(),
            aws_secret_access_key=SecretFile(target.secret_key_file).read(),
            region_name=target.region,
        )
        config = Config(
            connect_timeout=target.timeout_seconds,
            read_timeout=target.timeout_seconds,
            retries={"total_max_attempts": target.tries, "mode": "standard"},
            s3={"addressing_style": "path" if target.endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            proxies={},
        )
        verify = str(target.ca_file) if target.ca_file else None
        self._client: Any = session.client("s3", endpoint_url=target.endpoint, config=config, verify=verify)
        self._transfer = TransferConfig(use_threads=False)
        self._ending: BaseException | None = None

    def deliver(self, pieces: Sequence[Piece], name: str) -> str | None:
        """Send everything and return None, or a note if it was there already.

        Raises JobFailedError, and TemporaryError if it may succeed later.
        """
        target = self._target
        final, shown = f"{target.prefix}{name}/", f"s3://{target.bucket}/{target.prefix}{name}"
        temporary = f"{target.prefix}{TEMPORARY}{name}_{self._context.job_id}/"
        with self._errors(shown):
            there = {key: self._read_back(final + key) for key in self._keys(final)}
            if there and (said := difference(pieces, there)) is None:
                self._remove(temporary)
                return texts.ALREADY_THERE(where=shown)
            if (
                there
                and (said := difference([one for one in pieces if one.name in there], there)) is not None
            ):
                raise JobFailedError(texts.OTHER_THERE(where=shown, detail=said))
            missing = [one for one in pieces if one.name not in there]
            try:
                self._send_all(missing, temporary)
                for one in missing:
                    self._copy(one, temporary, final)
            finally:
                self._remove(temporary)
        return None

    def _send_all(self, pieces: Sequence[Piece], temporary: str) -> None:
        for done, one in enumerate(pieces):
            self._context.checkpoint()
            self._context.progress(done, len(pieces), one.name)
            with self._ended(), one.path.open("rb") as file:
                self._client.upload_fileobj(
                    file,
                    self._target.bucket,
                    temporary + one.name,
                    Callback=self._on_progress,
                    Config=self._transfer,
                )
            require_arrived(one, self._read_back(temporary + one.name), self._target.bucket)

    def _copy(self, one: Piece, temporary: str, final: str) -> None:
        self._context.checkpoint()
        source = {"Bucket": self._target.bucket, "Key": temporary + one.name}
        self._client.copy(source, self._target.bucket, final + one.name, Config=self._transfer)
        head = self._client.head_object(Bucket=self._target.bucket, Key=final + one.name)
        require_arrived(one, Arrived(head["ContentLength"]), self._target.bucket)

    def _on_progress(self, _count: int) -> None:
        """Called by the library again and again: parts of an object that is broken off are removed by it."""
        try:
            self._context.checkpoint()
        except BaseException as ending:
            self._ending = ending
            raise _StopError from ending

    @contextmanager
    def _ended(self) -> Iterator[None]:
        try:
            yield
        except _StopError:
            if self._ending is None:
                raise
            raise self._ending from None

    def _read_back(self, key: str) -> Arrived:
        reading = Reading(self._context)
        body = self._client.get_object(Bucket=self._target.bucket, Key=key)["Body"]
        with body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                reading.take(chunk)
        return Arrived(reading.size, reading.sha256)

    def _keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, without it."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._target.bucket, Prefix=prefix
        )
        return [one["Key"].removeprefix(prefix) for page in pages for one in page.get("Contents", ())]

    def _remove(self, prefix: str) -> None:
        """Remove what is not complete; what cannot be removed is named in the log."""
        try:
            for key in self._keys(prefix):
                self._client.delete_object(Bucket=self._target.bucket, Key=prefix + key)
        except (ClientError, BotoCoreError) as error:
            self._context.log.warning(texts.LEFT_BEHIND(where=prefix, error=error))

    @contextmanager
    def _errors(self, where: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = error.response.get("Error", {}).get("Code", "")
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _LATER:
                raise TemporaryError(texts.AWAY(where=where, error=error)) from error
            raise JobFailedError(texts.REFUSED(where=where, error=error)) from error
        except (BotoCoreError, OSError) as error:
            raise TemporaryError(texts.AWAY(where=where, error=error)) from error
