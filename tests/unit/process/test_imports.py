"""What an idle service does not load, because it takes memory and many installations never need it."""

import subprocess
import sys

import pytest

LIBRARIES = {"cryptography", "fido2", "httpx", "jwt", "numpy", "rich"}


@pytest.mark.parametrize(
    "service", ["taskmanager_gateway", "taskmanager_scheduler", "taskmanager_plugin_runner"]
)
def test_a_service_starts_without_the_libraries_that_few_need(service: str) -> None:
    program = f"import sys, {service}.__main__; print(*(name for name, one in sys.modules.items() if one))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "pydantic" in loaded.stdout.split()
    assert LIBRARIES.isdisjoint(loaded.stdout.split())
