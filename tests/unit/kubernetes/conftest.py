"""Helm's library is made for one kind of machine; elsewhere these tests cannot be run."""

import pytest
from tests.kubernetes.manifests import HERE, SETS, Rendered, all_rendered


@pytest.fixture(autouse=True, scope="session")
def helm() -> None:
    if not HERE:
        pytest.skip("Helm's library (helm-python-sdk) is only made for Linux on x86_64")


@pytest.fixture(params=SETS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return all_rendered()[request.param]
