"""The tables `[job_types]` and `[paths]` of the file about Goobi."""

import pytest

from taskmanager.goobi.job_types import JobType, find_job_type, has_ids_of_goobi
from taskmanager.goobi.settings import GoobiSettings, GoobiSettingsError, parse


def test_a_job_type_names_plugin_template_and_parameters() -> None:
    entry = {"plugin": "jp2", "template": "lossless", "parameters": {"rate": 10}}
    settings = parse({"job_types": {"JP2": entry, "SHELL": {"plugin": "shell"}}}, "goobi.toml")

    found = find_job_type(settings.job_types, "jp2")
    assert found == JobType(plugin="jp2", template="lossless", parameters={"rate": 10})
    assert find_job_type(settings.job_types, "OCR") is None


def test_only_job_types_of_the_viewer_have_ids_that_are_not_of_goobi_unless_it_is_said() -> None:
    assert has_ids_of_goobi("JP2", None)
    assert not has_ids_of_goobi("VIEWERPDF", None)
    assert has_ids_of_goobi("ViewerPdf", JobType(plugin="pdf", ids_of_goobi=True))
    assert not has_ids_of_goobi("JP2", JobType(plugin="jp2", ids_of_goobi=False))


def test_paths_are_a_mapping() -> None:
    settings = parse({"paths": {"/opt/goobi": "/mnt/goobi"}}, "goobi.toml")

    assert settings.path_mapping.apply("/opt/goobi/1") == "/mnt/goobi/1"
    assert GoobiSettings().path_mapping.apply("/opt/goobi/1") == "/opt/goobi/1"


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"paths": {"opt": "/mnt"}}, "goobi.toml: paths: path 'opt' is not absolute: give the full path"),
        ({"paths": {"/opt": "/mnt/../x"}}, "paths: path '/mnt/../x' contains '..'"),
        ({"job_types": {"JP2": {}}}, "goobi.toml: [job_types.JP2] plugin: is missing"),
        ({"job_types": {"JP2": {"plugin": "jp2", "x": 1}}}, "[job_types.JP2] x: there is no such key"),
        (
            {"job_types": {"JP2": {"plugin": "a"}, "jp2": {"plugin": "b"}}},
            "job_types: JP2 and jp2 are the same word",
        ),
    ],
)
def test_what_is_wrong_is_told_with_table_and_key(document: dict[str, object], line: str) -> None:
    with pytest.raises(GoobiSettingsError) as told:
        parse(document, "goobi.toml")

    assert line in str(told.value)
