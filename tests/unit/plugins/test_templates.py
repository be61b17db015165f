"""Template files: the shipped ones, an operator's own, and what is said about a wrong one."""

import re
import tomllib
from pathlib import Path

import pytest

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager_plugin_runner.plugins.jp2 import Jp2Plugin
from taskmanager_plugin_runner.plugins.jp2.profile import Profile
from taskmanager_plugin_runner.plugins.shell import ShellPlugin
from taskmanager_plugin_runner.plugins.shell.derivatives import Derivative, DerivativeTemplate
from taskmanager_plugin_runner.plugins.shell.plugin import read_template
from taskmanager_plugin_runner.plugins.shell.template import (
    FILE_VALUES,
    JOB_VALUES,
    PROGRAMS,
    Parameter,
    Template,
)
from taskmanager_testing.plugins import run_plugin

SHIPPED = ("goobi-thumbnails", "jpeg", "jpeg-small", "media-and-thumbnails", "thumbnail")
COPY = 'title = "Copy"\nargv = ["cp", "{input}", "{output}"]\noutput_suffix = ".txt"\n'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "templates" / "shell"
    folder.mkdir(parents=True)
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(folder.parent))
    return folder


def test_the_shipped_templates_are_read() -> None:
    manifest = ShellPlugin().manifest
    assert manifest.templates == SHIPPED
    assert (manifest.job_type, manifest.template_default) == ("SHELL", "jpeg")


def test_the_shipped_profiles_are_read() -> None:
    manifest = Jp2Plugin().manifest
    assert manifest.templates == (
        "access-rate10",
        "access-rate10-fast",
        "archive",
        "lossless",
        "lossless-ht",
        "newspaper-rate8",
    )
    assert (manifest.job_type, manifest.template_default) == ("JP2", "lossless")


@pytest.mark.parametrize("name", ["jpeg", "jpeg.xml", "jpeg.toml", "template", "none", "", None])
def test_a_template_is_found_as_goobi_writes_it(name: str | None) -> None:
    assert ShellPlugin().manifest.choose_template(name) == "jpeg"


def test_an_unknown_template_is_answered_with_the_known_ones() -> None:
    with pytest.raises(JobFailedError, match="has no template 'gif'; it has: goobi-thumbnails, jpeg, "):
        ShellPlugin().manifest.choose_template("gif")


def test_an_operators_template_is_added_and_one_of_the_same_name_replaces_a_shipped_one(own: Path) -> None:
    (own / "iii-create_jpeg.toml").write_text(COPY)
    (own / "thumbnail.toml").write_text(COPY)
    manifest = ShellPlugin().manifest
    assert manifest.templates == tuple(sorted((*SHIPPED, "iii-create_jpeg")))


def test_parameters_of_all_templates_are_in_the_manifest(own: Path) -> None:
    (own / "a.toml").write_text(f'{COPY}[parameters.quality]\ntype = "string"\n')
    properties = ShellPlugin().manifest.parameters["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {"background", "derivatives", "existing", "pages", "quality", "size"}
    quality = properties["quality"]
    assert isinstance(quality, dict)
    kinds = quality["anyOf"]
    assert isinstance(kinds, list)
    assert len(kinds) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "bad.toml: is not TOML"),
        ('title = "x"\noutput_suffix = ".jpg"', "bad.toml: argv: Field required"),
        (COPY + "colour = 1", "bad.toml: colour: Extra inputs are not permitted"),
        (
            COPY.replace("{input}", "{inptu}"),
            r"argv\[1\]: unknown placeholder \{inptu\}; known here: .*\{input\}",
        ),
        (COPY.replace('"cp"', '"{input}"'), "the program is a fixed word"),
        (
            COPY.replace('"cp"', '"{convert}"'),
            "unknown placeholder {convert}".replace("{", r"\{").replace("}", r"\}"),
        ),
        (COPY.replace("{output}", "/tmp/x"), r"argv has no \{output\}"),
        (COPY.replace('output_suffix = ".txt"', ""), "output_suffix is missing"),
        (COPY + 'folder = "../up"', "bad.toml: folder: String should match pattern"),
        (COPY + 'folder = ".."', "bad.toml: folder: String should match pattern"),
        (COPY + "parallel = 0", "bad.toml: parallel: .*greater than or equal to 1"),
        (COPY + "time_limit_seconds = 0", "bad.toml: time_limit_seconds: "),
        (COPY + 'accepted_warnings = ["("]', "is not a regular expression"),
        (COPY + '[parameters.x]\ntype = "text"', "bad.toml: parameters.x.type: "),
        (COPY + '[parameters.x]\ntype = "string"\nminimum = 1', "parameters.x: .*belong to numbers"),
    ],
)
def test_a_wrong_template_is_refused_with_its_file_and_key(own: Path, text: str, said: str) -> None:
    (own / "bad.toml").write_text(text)
    with pytest.raises(PermanentError, match=said):
        ShellPlugin()


def test_a_default_outside_its_own_limits_is_refused(own: Path) -> None:
    (own / "bad.toml").write_text(f'{COPY}[parameters.x]\ntype = "integer"\ndefault = 5\nmaximum = 3\n')
    with pytest.raises(PermanentError, match=r"parameters.x: .*the default 5 is not allowed"):
        ShellPlugin()


def test_a_templates_folder_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(tmp_path / "gone"))
    with pytest.raises(PermanentError, match=r"TASKMANAGER_TEMPLATES names .*gone, which is not a folder"):
        ShellPlugin()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"quality": 101}, "parameter quality: .*less than or equal to 100"),
        ({"quality": "90"}, "parameter quality: .*valid integer"),
        ({"quality": True}, "parameter quality: .*valid integer"),
        ({"size": 100}, "parameter size: Extra inputs"),
    ],
)
def test_a_wrong_parameter_of_a_job_is_named(
    tmp_path: Path, parameters: dict[str, object], said: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "1.tif").write_bytes(b"II*\0")
    with pytest.raises(JobFailedError, match=said):
        run_plugin(ShellPlugin(), source, tmp_path / "out", parameters=parameters)  # type: ignore[arg-type]


DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "templates.md"


def test_every_key_is_explained_to_operators() -> None:
    keys = {
        *Template.model_fields,
        *Derivative.model_fields,
        *DerivativeTemplate.model_fields,
        *Profile.model_fields,
        *Parameter.model_fields,
    }
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if f"`{key}`" not in text and f"`{key}.NAME`" not in text] == []


def test_every_placeholder_is_explained_to_operators() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in sorted(JOB_VALUES | FILE_VALUES | PROGRAMS) if f"`{{{name}}}`" not in text] == []


def test_the_documents_examples_are_valid() -> None:
    examples = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 4
    for example in examples:
        raw = tomllib.loads(example)
        read_template(raw) if {"argv", "derivatives"} & raw.keys() else Profile.model_validate(raw)


def test_every_shipped_template_is_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    names = ShellPlugin().manifest.templates + Jp2Plugin().manifest.templates
    assert [name for name in names if f"| `{name}`" not in text] == []
