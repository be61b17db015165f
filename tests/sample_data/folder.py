"""Where real books and images lie, if they are at hand; tests that need them are skipped otherwise."""

import os
from pathlib import Path

SAMPLE_DATA = Path(os.environ.get("TASKMANAGER_SAMPLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
