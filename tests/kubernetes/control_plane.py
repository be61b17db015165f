"""A control plane of Kubernetes on this machine, without nodes: etcd, the API server and its controllers.

The programs are not part of this repository, and no package index that it uses has them: a folder has `etcd`,
`kube-apiserver` and `kube-controller-manager`. No pod runs here: a test plays the nodes.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.kubernetes.manifests import Document

from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_testing.waiting import eventually

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
START_SECONDS = 120
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Cluster:
    """The API server, as its administrator sees it."""

    address: str
    authority: Path
    client: httpx.Client

    def get(self, path: str) -> Any:
        """What is at the path; raises HTTPStatusError."""
        return self.client.get(path).raise_for_status().json()

    def apply(self, document: Document) -> Sequence[str]:
        """Make the object; returns the server's warnings. Raises AssertionError if it refuses."""
        answer = self.client.patch(
            self._place(document),
            params={"fieldManager": "trial", "fieldValidation": "Strict"},
            content=json.dumps(document),
            headers={"Content-Type": APPLY},
        )
        assert answer.is_success, f"{document['kind']} {document['metadata']['name']}: {answer.text}"
        return answer.headers.get_list("warning")

    def knows(self, document: Document) -> bool:
        """Whether there is such a kind here; those of other projects are not installed."""
        return document["kind"] in self._kinds(document["apiVersion"])

    def _place(self, document: Document) -> str:
        plural, namespaced = self._kinds(document["apiVersion"])[document["kind"]]
        metadata = document["metadata"]
        within = f"/namespaces/{metadata.get('namespace', 'default')}" if namespaced else ""
        return f"{_group(document['apiVersion'])}{within}/{plural}/{metadata['name']}"

    def _kinds(self, version: str) -> Mapping[str, tuple[str, bool]]:
        answer = self.client.get(_group(version))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        listed = answer.raise_for_status().json()["resources"]
        return {one["kind"]: (one["name"], one["namespaced"]) for one in listed if "/" not in one["name"]}

    def patch(self, path: str, body: Document) -> None:
        """Merge this into what is at the path; raises HTTPStatusError."""
        self.client.patch(path, content=json.dumps(body), headers={"Content-Type": MERGE}).raise_for_status()

    def token_of(self, namespace: str, account: str) -> str:
        """A token of a ServiceAccount, as the kubelet gets one for a pod."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        return str(self.client.post(path, json=asked).raise_for_status().json()["status"]["token"])


def _group(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@contextmanager
def control_plane(programs: Path, folder: Path) -> Iterator[Cluster]:
    """A fresh one while the block runs, its data in `folder`; raises AssertionError if it cannot start."""
    etcd, peers, port = free_port(), free_port(), free_port()
    certificates = Certificates(folder / "tls")
    certificates.issue([LOOPBACK])
    key, public = _signing_key(folder)
    token, controllers = secrets.token_hex(16), secrets.token_hex(16)
    (folder / "tokens.csv").write_text(
        f'{token},admin,1,"system:masters"\n{controllers},system:kube-controller-manager,2\n'
    )
    address = f"https://{LOOPBACK}:{port}"
    kubeconfig = _kubeconfig(folder, address, certificates.authority, controllers)
    commands = {
        "etcd": [
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls=http://{LOOPBACK}:{etcd}",
            f"--advertise-client-urls=http://{LOOPBACK}:{etcd}",
            f"--listen-peer-urls=http://{LOOPBACK}:{peers}",
            f"--initial-advertise-peer-urls=http://{LOOPBACK}:{peers}",
            f"--initial-cluster=default=http://{LOOPBACK}:{peers}",
        ],
        "kube-apiserver": [
            f"--etcd-servers=http://{LOOPBACK}:{etcd}",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={certificates.certificate(LOOPBACK)}",
            f"--tls-private-key-file={certificates.key(LOOPBACK)}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={key}",
        ],
        "kube-controller-manager": [
            f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={certificates.authority}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
        ],
    }
    with ExitStack() as stack:
        client = httpx.Client(
            base_url=address,
            verify=httpx.create_ssl_context(verify=str(certificates.authority)),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )
        stack.enter_context(client)
        for name, arguments in commands.items():
            stack.enter_context(_running([str(programs / name), *arguments], folder / f"{name}.log"))
            if name == "kube-apiserver":
                eventually(
                    lambda: _ready(client), within_seconds=START_SECONDS, what="the API server is ready"
                )
        yield Cluster(address, certificates.authority, client)


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "GOMAXPROCS": "2"}
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _signing_key(folder: Path) -> tuple[Path, Path]:
    """The key that signs tokens of ServiceAccounts, and its public half."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = folder / "accounts-key.pem", folder / "accounts.pem"
    pem = serialization.Encoding.PEM
    private.write_bytes(
        made.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(made.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def _kubeconfig(folder: Path, address: str, authority: Path, token: str) -> Path:
    path = folder / "kubeconfig"
    cluster = {"server": address, "certificate-authority": str(authority)}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": cluster}],
                "users": [{"name": "here", "user": {"token": token}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
            }
        )
    )
    return path
