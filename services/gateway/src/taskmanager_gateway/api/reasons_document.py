"""The page `docs/reasons.md`: every code with its parameters and English sentences. A test compares them."""

from collections.abc import Iterator

from taskmanager.model.reasons import Code, Family, Plural
from taskmanager_gateway.codes import CATALOGUE
from taskmanager_gateway.http.problems import KINDS

_BEGIN = """# Reasons

Made from the code by `make docs`; do not edit.

What the services tell people travels and is stored as a code with parameters; the sentence is made where it
is read, in English for programs and in the reader's language on the pages. The HTTP API gives both: `code`
and `parameters` beside the sentence, which is called `detail` in problems and the audit, `note` in a job's
history, `sentence` where a job waits, `message` for a field, and `reason` for what an operation left out.
Codes stay; sentences may be worded better. A code may come with more or other parameters than one sentence
names: of its sentences, the first whose parameters are all there is said. A code that a service does not
know, of a newer one, is shown as it is with its parameters.

The errors and warnings of jobs have their code as `reason` of an error, and in `warning_reasons` and
`error_reason` beside texts. Where that is missing or null, the text is that of an exception, of a program or
of a plugin without codes, and is shown as it is. A plugin of its own package brings its own codes
([writing a plugin](plugin-authors-guide.md#errors)); they are called `plugin.`, its name and theirs, and
carry their English sentence as the parameter `english`.

A parameter is a text or a number; `at` and `until` are moments (ISO 8601, UTC); `refusal`, `obstacle`,
`fault`, `weakness`, `cause`, `method`, `end` and `what` are reasons themselves; others may be one.
"""


def document() -> str:
    """The text of the page, in Markdown."""
    return "\n".join([_BEGIN, *(line for part in CATALOGUE.families for line in _family(part)), *_titles()])


def _family(family: Family) -> Iterator[str]:
    yield f"## `{family.name}`"
    yield ""
    yield family.meaning
    yield ""
    yield "| code | sentence |"
    yield "|---|---|"
    yield from (_row(code) for code in family.codes.values())
    yield ""


def _row(code: Code) -> str:
    told = "<br>".join(_shown(sentence) for sentence in code.sentences)
    return f"| `{code.name}` | {told} |"


def _shown(sentence: str | Plural) -> str:
    text = sentence if isinstance(sentence, str) else f"{sentence.one} / {sentence.many}"
    return text.replace("%(", "{").replace(")s", "}").replace("|", "\\|").replace("\n", " ")


def _titles() -> Iterator[str]:
    yield "## Problems"
    yield ""
    yield "The `type` of a problem is `urn:taskmanager:problem:` and its name ([HTTP API](http-api.md))."
    yield ""
    yield "| name | status | title |"
    yield "|---|---|---|"
    yield from (f"| `{kind.name}` | {kind.status} | {kind.title} |" for kind in KINDS)
    yield ""
