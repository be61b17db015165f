"""The list of packages that `make sbom` writes."""

import json
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path


def test_the_list_names_every_installed_package_at_its_version(tmp_path: Path) -> None:
    program, file = Path(sys.prefix) / "tools/bin/cyclonedx-py", tmp_path / "sbom.json"
    command = [str(program), "environment", "--output-format", "JSON", "--output-file", str(file), sys.prefix]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    written = json.loads(file.read_text())
    assert written["bomFormat"] == "CycloneDX"
    listed = {(one["name"].lower().replace("_", "-"), one["version"]) for one in written["components"]}
    own = Path(sysconfig.get_path("purelib"))
    installed = {
        (found.name.lower().replace("_", "-"), found.version) for found in distributions(path=[str(own)])
    }
    assert installed <= listed
