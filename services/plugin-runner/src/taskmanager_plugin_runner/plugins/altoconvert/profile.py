"""A template of the plugin `altoconvert`, as values that can be validated. Runs nothing."""

from pydantic import Field

from taskmanager.model.jobs import ShortText
from taskmanager_plugin_runner.plugins.altoconvert.parameters import RunningHeads
from taskmanager_plugin_runner.plugins.titled import Titled


class Profile(Titled):
    """The keys of a template file; `docs/plugins/altoconvert.md` explains them.

    `texts` is a pattern (`taskmanager.files.parts`). `time_limit_seconds` for one file.
    """

    description: str = ""
    texts: ShortText = (
        "ocr/{title}_xml/*|ocr/{title}_page/*|ocr/{title}_hocr/*|ocr/*_xml/*|ocr/*_page/*|ocr/*_hocr/*|*"
    )
    running_heads: RunningHeads = RunningHeads.KEEP
    parallel: int | None = Field(default=None, ge=1, le=64)
    time_limit_seconds: float = Field(default=600.0, gt=0, le=604_800)
