"""Hooks of mkdocs: pages outside `docs/` are part of the site, and links work there as in the repository.

The sources are written for readers of the repository, so their links name files in it. On the site, a link to
a page leads to that page, and a link to a folder or a source file becomes plain text. A broken link is left
as it is, so that mkdocs complains.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
"""Pages in the root of the repository."""
OFFLINE_SEARCH = ROOT / "services/gateway/web-packages/node_modules/iframe-worker/shim/index.js"
"""Makes the search work when the site is opened from a file; named under `polyfills` in `mkdocs.yml`."""
FENCE = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>(?!\w+:|#|/)[^)#\s]+)(?P<anchor>#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere."""
    for name in BESIDE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    files.append(File.generated(config, "javascripts/iframe-worker.js", abs_src_path=str(OFFLINE_SEARCH)))
    return files


def on_page_markdown(markdown: str, /, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links that work on the site."""
    del config
    return "".join(_relinked(markdown, page.file, files))


def _relinked(markdown: str, source: File, files: Files) -> Iterator[str]:
    for part in FENCE.split(markdown):
        yield part if part.startswith("```") else LINK.sub(lambda found: _link(found, source, files), part)


def _link(found: re.Match[str], source: File, files: Files) -> str:
    target = Path(source.abs_src_path or "").parent / found["path"]
    name = _on_site(Path(os.path.normpath(target)))
    if name in files.src_uris:
        path = os.path.relpath(name, PurePosixPath(source.src_uri).parent)
        return f"[{found['text']}]({path}{found['anchor'] or ''})"
    return found["text"] if target.exists() else found[0]


def _on_site(path: Path) -> str:
    """The path mkdocs uses for a file of the repository."""
    inside = path.relative_to(ROOT / "docs") if path.is_relative_to(ROOT / "docs") else path.relative_to(ROOT)
    return inside.as_posix()


def on_config(config: MkDocsConfig) -> Any:
    """Report what is missing before the site is partly built."""
    if not OFFLINE_SEARCH.exists():
        message = f"{OFFLINE_SEARCH} is missing: run `make setup`"
        raise FileNotFoundError(message)
    return config
