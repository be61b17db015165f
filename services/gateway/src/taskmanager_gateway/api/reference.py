"""`/docs`: the OpenAPI document as one plain page, since Swagger UI loads itself from a public network."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "code,pre{background:#f3f3f3;padding:.1rem .3rem}pre{padding:.6rem;overflow:auto}h2{margin-top:2.5rem}"
    "td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}td,h1,h2,p{overflow-wrap:anywhere}"
)

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Allows the page's one style sheet and nothing else."""
_CODE = re.compile(r"`([^`]+)`")


def reference_page(document: dict[str, Any]) -> str:
    """The HTML page, without scripts and external resources."""
    info = document["info"]
    title = escape(info["title"])
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{_prose(info.get('description', ''))}</p>"
        f"<p>All of it as <a href='/openapi.json'>OpenAPI document</a>, for API clients.</p>{operations}"
    )


def _prose(text: str) -> str:
    """Escape the text, and turn backticks into `code` elements."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    services = [
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p>{_prose(operation.get('description', ''))}</p>",
        *_table("Parameters", _parameters(operation)),
        *_body(operation),
        *_table("Answers", _answers(operation)),
    ]
    return "".join(services)


def _parameters(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", []):
        schema = parameter.get("schema", {})
        yield f"{parameter['name']} ({parameter['in']})", parameter.get("description") or _type(schema)


def _type(schema: dict[str, Any]) -> str:
    options = [_type(option) for option in schema.get("anyOf", []) if option.get("type") != "null"]
    return " or ".join(options) or str(schema.get("type") or schema.get("$ref", "").rpartition("/")[2])


def _answers(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in operation["responses"].items():
        yield status, answer.get("description", "")


def _table(title: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    lines = [f"<tr><th><code>{escape(left)}</code><td>{_prose(right)}" for left, right in rows]
    if lines:
        yield f"<h3>{title}</h3><table>{''.join(lines)}</table>"


def _body(operation: dict[str, Any]) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        example = escape(json.dumps(content.get("example"), indent=2, ensure_ascii=False))
        yield f"<h3>Body, {escape(media_type)}</h3><pre>{example}</pre>"
