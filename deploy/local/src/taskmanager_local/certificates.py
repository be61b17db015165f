"""A private certificate authority and the certificates it signs, for TLS inside one installation.

Made with `cryptography`, the library Python projects use for X.509, so that no external program is needed.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from taskmanager.files.private_files import private_file
from taskmanager_local.commands import LocalStackError, private_folder

AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=398)
"""The longest lifetime that programs accept; renewed long before it ends."""
CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True)
class Certificates:
    """The files of one authority; `name` is the first name a certificate is for."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate against which all others are verified."""
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> Path:
        """For RabbitMQ and HTTP."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The secret key of that certificate."""
        return self.folder / f"{name}-key.pem"

    def both(self, name: str) -> Path:
        """For mongod, which requires certificate and key in one file."""
        return self.folder / f"{name}-both.pem"

    def issue(self, names: Sequence[str]) -> None:
        """Issue one certificate for these host names or addresses; creates the authority if there is none."""
        private_folder(self.folder)
        authority, signing = self._authority()
        key = ec.generate_private_key(ec.SECP256R1())
        built = (
            _builder(names[0], CERTIFICATE_LIFE, key)
            .issuer_name(authority.subject)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
            )
        )
        certificate = _pem(built.sign(signing, hashes.SHA256()))
        private_file(self.certificate(names[0]), certificate)
        private_file(self.key(names[0]), _key_pem(key))
        private_file(self.both(names[0]), certificate + _key_pem(key))

    def _authority(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        kept = self.folder / "ca-key.pem"
        if kept.exists() and self.authority.exists():
            key = serialization.load_pem_private_key(kept.read_bytes(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise LocalStackError(f"{kept} holds no key of an elliptic curve")
            return x509.load_pem_x509_certificate(self.authority.read_bytes()), key
        made = ec.generate_private_key(ec.SECP256R1())
        name = "Goobi TaskManager, private authority"
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        built = (
            _builder(name, AUTHORITY_LIFE, made)
            .issuer_name(_named(name))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(made.public_key()), critical=False)
        )
        certificate = built.sign(made, hashes.SHA256())
        private_file(kept, _key_pem(made))
        private_file(self.authority, _pem(certificate)).chmod(0o644)
        return certificate, made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(name: str, life: timedelta, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + life)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
