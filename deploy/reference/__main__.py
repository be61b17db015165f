"""`python -m deploy.reference`: writes every page, and the part of the chart's schema, made from the code."""

from pathlib import Path

from deploy.reference.chart import renewed_schema
from deploy.reference.pages import PAGES, renewed

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SCHEMA = ROOT / "deploy/helm/taskmanager/values.schema.json"

for name in PAGES:
    page = DOCS / name
    page.write_text(renewed(name, page.read_text(encoding="utf-8")), encoding="utf-8")
SCHEMA.write_text(renewed_schema(SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
