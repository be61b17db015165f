"""`python -m deploy.reference`: writes every page that is made from the code."""

from pathlib import Path

from deploy.reference.pages import PAGES, renewed

DOCS = Path(__file__).resolve().parents[2] / "docs"

for name in PAGES:
    page = DOCS / name
    page.write_text(renewed(name, page.read_text(encoding="utf-8")), encoding="utf-8")
