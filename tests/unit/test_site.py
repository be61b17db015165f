"""The documentation as a site: every link leads somewhere, and nothing is loaded from elsewhere."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MKDOCS = ROOT / ".venv/tools/bin/mkdocs"
LOADED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]+")
NOT_FETCHED = 'rel="canonical"'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [str(MKDOCS), "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        found = [tag for tag in LOADED.findall(page.read_text(encoding="utf-8")) if NOT_FETCHED not in tag]
        assert not found, page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?https?:", sheet.read_text(encoding="utf-8")), (
            sheet.name
        )


def test_links_to_pages_beside_the_folder_lead_to_them_and_those_to_sources_are_text(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="ARCHITECTURE.html"' in home
    assert 'href="services/gateway"' not in home
    assert 'href="ARCHITECTURE.html"' in (site / "operations.html").read_text(encoding="utf-8")


def test_the_interface_of_plugins_is_described(site: Path) -> None:
    page = (site / "plugin-api.html").read_text(encoding="utf-8")
    for name in ("Plugin", "JobContext", "PluginManifest", "wait_for"):
        assert name in page


def test_search_works_without_a_server(site: Path) -> None:
    assert (site / "search" / "search_index.js").exists()
    assert (site / "javascripts" / "iframe-worker.js").stat().st_size > 100
