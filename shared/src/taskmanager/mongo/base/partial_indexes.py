"""What the partial indexes hold: a query must say the same to be served by one."""

from typing import Any

ENDED = {"finished": {"$type": "date"}}
"""An index of ended jobs only: a query must say so to be served by it."""
WITH_TERMS: dict[str, Any] = {"terms": {"$gt": ""}}
"""An index of jobs that a search can find: they have a project, a process or words."""

OWNED = {"owner": {"$type": "string"}}
"""An index of jobs that belong to a runner."""

WARNED: dict[str, Any] = {"warned.finished": {"$type": "date"}}
"""An index of ended jobs with warnings, on fields that only they have."""
