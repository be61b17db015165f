"""Every call that handbooks and public scripts show, as Goobi would make it, becomes the right submission."""

from types import ModuleType
from typing import Any

import pytest

VARIABLES = {
    "{origpath}": "/opt/digiverso/goobi/metadata/17/images/master_Über den Fluß_media",
    "{tifpath}": "/opt/digiverso/goobi/metadata/17/images/Über den Fluß_media",
    "{imagepath}": "/opt/digiverso/goobi/metadata/17/images",
    "{processpath}": "/opt/digiverso/goobi/metadata/17",
    "{processtitle}": "Über den Fluß",
    "{processid}": "17",
    "{stepid}": "42",
    "${metas.DocLanguage}": "German",
    "${meta.None}": "",
}
ITM = "-itm http://itm.example.org:8080/itm/service"
IDS = "-gid {processid} -i {stepid} -T {processtitle}"
GOOBI = {"goobiId": "17", "stepId": "42", "goobiTitle": "Über den Fluß"}
ORIG, TIF = VARIABLES["{origpath}"], VARIABLES["{tifpath}"]
IMAGES, PROCESS = VARIABLES["{imagepath}"], VARIABLES["{processpath}"]


def as_goobi_splits(line: str) -> list[str]:
    """Blanks part words unless they stand in double quotes; variables are replaced in each afterwards."""
    words, quoted, begun = [""], False, False
    for sign in line:
        if sign == '"':
            quoted, begun = not quoted, True
        elif sign == " " and not quoted:
            words, begun = ([*words, ""] if words[-1] or begun else words), False
        else:
            words[-1] += sign
    for name, value in VARIABLES.items():
        words = [word.replace(name, value) for word in words]
    return words


def submitted(taskclient: ModuleType, line: str) -> tuple[dict[str, Any], int]:
    """What would be sent without the key that parts jobs, and the exit code after it was taken."""
    call = taskclient.parse(as_goobi_splits(line), {})
    body = taskclient.body_of(call)
    body.pop("unique", None)
    return body, call.sent_code


CALLS = [
    pytest.param(
        f"{ITM} -t LURAWAVE -n config_rate10.xml -s {{origpath}} -d {{imagepath}} -p 5 {IDS} -e",
        {"jobtype": "LURAWAVE", "templatename": "config_rate10.xml", "sourceDir": ORIG, "targetDir": IMAGES}
        | {"priority": 5, **GOOBI},
        id="4.1 LURAWAVE",
    ),
    pytest.param(
        f"{ITM} -t SHELL -n iii-create_jpeg -s {{origpath}} -d {{processpath}} -p 0 {IDS} -e",
        {"jobtype": "SHELL", "templatename": "iii-create_jpeg", "sourceDir": ORIG, "targetDir": PROCESS}
        | {"priority": 0, **GOOBI},
        id="4.2 SHELL",
    ),
    pytest.param(
        f"{ITM} -t JP2 -n template -s {{origpath}} -d {{processpath}} -p 10 {IDS} -e",
        {"jobtype": "JP2", "templatename": "template", "sourceDir": ORIG, "targetDir": PROCESS}
        | {"priority": 10, **GOOBI},
        id="4.3 JP2",
    ),
    pytest.param(
        f"{ITM} -t SHELL -n jp2validate -s {{tifpath}} -d {{imagepath}} {IDS} -e",
        {"jobtype": "SHELL", "templatename": "jp2validate", "sourceDir": TIF, "targetDir": IMAGES, **GOOBI},
        id="4.4 SHELL jpylyzer",
    ),
    pytest.param(
        f"{ITM} -t OCR -n template.xml -f Fraktur -l ${{metas.DocLanguage}} -st intranda-abbyy "
        f"-s {{tifpath}} -d {{processpath}} {IDS} -e",
        {"jobtype": "OCR", "templatename": "template.xml", "fontType": "Fraktur", "language": "German"}
        | {"serverType": "intranda-abbyy", "sourceDir": TIF, "targetDir": PROCESS, **GOOBI},
        id="4.5 OCR",
    ),
    pytest.param(
        f"{ITM} -t SDB -n soap.xml -s {{tifpath}} -d {{processpath}} {IDS} -e",
        {"jobtype": "SDB", "templatename": "soap.xml", "sourceDir": TIF, "targetDir": PROCESS, **GOOBI},
        id="4.6 SDB",
    ),
    pytest.param(
        f"{ITM} -t ALTOCONVERT -n altoconvert -s {{processpath}} "
        f'-d "{{processpath}}/ocr/{{processtitle}}_alto/" {IDS} -e',
        {"jobtype": "ALTOCONVERT", "templatename": "altoconvert", "sourceDir": PROCESS}
        | {"targetDir": f"{PROCESS}/ocr/Über den Fluß_alto/", **GOOBI},
        id="4.8 ALTOCONVERT",
    ),
    pytest.param(
        f"{ITM} -t JDOWNLOAD -n jdownload -s {{tifpath}} -d {{processpath}} {IDS} -e",
        {"jobtype": "JDOWNLOAD", "templatename": "jdownload", "sourceDir": TIF, "targetDir": PROCESS} | GOOBI,
        id="4.9 JDOWNLOAD",
    ),
    pytest.param(
        f"{ITM} -t TIFVALIDATION -n tiff.template -s {{tifpath}} -d PPN4711 {IDS} -e",
        {"jobtype": "TIFVALIDATION", "templatename": "tiff.template", "sourceDir": TIF}
        | {"targetDir": "PPN4711", **GOOBI},
        id="4.11 TIFVALIDATION",
    ),
    pytest.param(
        f"{ITM} -t LayoutWizzardAnalyse -n Left-To-Right,individual-pages -s {{tifpath}} -d {{tifpath}} "
        f"{IDS} -e",
        {"jobtype": "LayoutWizzardAnalyse", "templatename": "Left-To-Right,individual-pages"}
        | {"sourceDir": TIF, "targetDir": TIF, **GOOBI},
        id="4.12 LayoutWizzardAnalyse",
    ),
    pytest.param(
        f"{ITM} -t LayoutWizzardSave -n none -s {{origpath}} -d {{tifpath}} {IDS} -e",
        {"jobtype": "LayoutWizzardSave", "templatename": "none", "sourceDir": ORIG, "targetDir": TIF} | GOOBI,
        id="4.12 LayoutWizzardSave",
    ),
    pytest.param(
        f"{ITM} -t PdfCreation -s {{processpath}} -d {{processpath}}/ocr/{{processtitle}}_pdf {IDS} -e",
        {"jobtype": "PdfCreation", "sourceDir": PROCESS, "targetDir": f"{PROCESS}/ocr/Über den Fluß_pdf"}
        | GOOBI,
        id="4.16 PdfCreation",
    ),
    pytest.param(
        f"{ITM} -t EWIG -n template -s {{processpath}} -d none {IDS} -e",
        {"jobtype": "EWIG", "templatename": "template", "sourceDir": PROCESS, "targetDir": "none", **GOOBI},
        id="4.17 EWIG",
    ),
    pytest.param(
        f"{ITM} -t TandemVault -n none -s {{tifpath}} -d none {IDS} -e "
        f'-tv_r 17 -tv_t "Map of {{processtitle}}" -tv_n -1 -tv_ut abc -tv_st true',
        {"jobtype": "TandemVault", "templatename": "none", "sourceDir": TIF, "targetDir": "none", **GOOBI}
        | {
            "parameters": {
                "tv_r": "17",
                "tv_t": "Map of Über den Fluß",
                "tv_n": "-1",
                "tv_ut": "abc",
                "tv_st": "true",
            }
        },
        id="TandemVault",
    ),
]


@pytest.mark.parametrize(("line", "expected"), CALLS)
def test_a_call_of_the_handbook_is_submitted_as_it_means(
    taskclient: ModuleType, line: str, expected: dict[str, Any]
) -> None:
    body, exit_code = submitted(taskclient, line)
    assert body == expected
    assert exit_code == 99


def test_an_old_ocr_call_without_type_and_process_is_an_ocr_job(taskclient: ModuleType) -> None:
    ocr = "-ocr http://itm.example.org/itm/service"
    line = f"{ocr} -s {{tifpath}} -d {{processpath}} -f Antiqua -l German -i {{stepid}} -e"
    body, exit_code = submitted(taskclient, line)
    assert body == {"jobtype": "OCR", "sourceDir": TIF, "targetDir": PROCESS, "fontType": "Antiqua"} | {
        "language": "German",
        "stepId": "42",
    }
    assert exit_code == 99


LONG_FORMS = [
    ("source", "sourceDir"),
    ("destination", "targetDir"),
    ("title", "goobiTitle"),
    ("templatename", "templatename"),
    ("fontType", "fontType"),
    ("language", "language"),
]


@pytest.mark.parametrize("hyphens", ["-", "--"])
@pytest.mark.parametrize(("name", "field"), LONG_FORMS)
def test_a_long_form_may_have_one_hyphen_or_two(
    taskclient: ModuleType, hyphens: str, name: str, field: str
) -> None:
    for word in (name, name.lower()):
        body, _ = submitted(taskclient, f"{ITM} -jobtype JP2 {hyphens}{word} x")
        assert body == {"jobtype": "JP2", field: "x"}
        assert submitted(taskclient, f"{ITM} --jobtype=JP2 {hyphens}{word}=x")[0] == body


@pytest.mark.parametrize("word", ["-e", "-returnError", "--returnError", "--returnerror"])
def test_return_error_is_a_flag_and_takes_no_value(taskclient: ModuleType, word: str) -> None:
    body, exit_code = submitted(taskclient, f"{ITM} {word} -t JP2")
    assert (body, exit_code) == ({"jobtype": "JP2"}, 99)


def test_without_return_error_the_step_may_go_on(taskclient: ModuleType) -> None:
    assert submitted(taskclient, f"{ITM} -t JP2")[1] == 0


def test_an_empty_value_is_as_good_as_none(taskclient: ModuleType) -> None:
    body, _ = submitted(taskclient, f'{ITM} -t OCR -l ${{meta.None}} -p "" -x ""')
    assert body == {"jobtype": "OCR"}
