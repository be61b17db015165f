"""https addresses: only certificates that are trusted, and what is said about others."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from tests.integration.taskclient.conftest import Service, StartService
from tests.taskclient import run

STEP = ("-t", "JP2", "-s", "/data/17", "-i", "42", "-e")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed here")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture
def safe_service(start_service: StartService, certificate: Path) -> Service:
    """A service that speaks https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return start_service(context)


def test_a_certificate_of_nobody_is_refused_at_once_and_said(safe_service: Service) -> None:
    sent = run(["-itm", safe_service.address, *STEP])
    assert sent.returncode == 3
    assert "its certificate is not trusted: " in sent.stderr
    assert (sent.stderr.count("\n"), safe_service.keys) == (1, [])


def test_a_certificate_that_is_trusted_is_taken(safe_service: Service, certificate: Path) -> None:
    sent = run(["-itm", safe_service.address, *STEP], environment={"SSL_CERT_FILE": str(certificate)})
    assert (sent.returncode, sent.stderr, len(safe_service.jobs)) == (99, "", 1)
