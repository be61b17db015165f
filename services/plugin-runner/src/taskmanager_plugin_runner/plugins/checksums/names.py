"""How the files of a source are called in a list of checksums. Pure."""

from pathlib import PurePosixPath

from taskmanager_plugin_runner.plugins.checksums.manifests import FOLDER


def prefix(source: str, destination: str) -> str:
    """What precedes a name in the source to make it relative to the folder in which lists are kept.

    With results in a folder around the source, such as that of the process, the list speaks of the files as
    seen from there, so that it can be compared with the whole process later. Both are paths as submitted.
    """
    around = PurePosixPath(destination)
    if around.name == FOLDER:
        around = around.parent
    inside = PurePosixPath(source)
    return f"{inside.relative_to(around)}/" if inside != around and inside.is_relative_to(around) else ""
