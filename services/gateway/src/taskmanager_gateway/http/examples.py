"""Examples of requests and responses for the OpenAPI document. A test checks each against its model."""

from typing import Any

SPECIFICATION: dict[str, Any] = {
    "plugin": "jp2",
    "source": "/data/metadata/4711/images/master",
    "destination": "/data/metadata/4711/images/jp2",
    "priority": 5,
    "title": "JPEG 2000 of bd1_1890",
    "goobi": {"process_id": 4711, "step_id": 23, "process_title": "bd1_1890"},
    "project": "Newspapers",
    "parameters": {},
    "unique": "goobi-23-JP2",
}

BATCH: dict[str, Any] = {
    "jobs": [
        {**SPECIFICATION, "idempotency_key": "goobi-step-23"},
        {"plugin": "shell", "template": "jpeg", "source": "/data/a", "destination": "/data/b"},
    ]
}

ITM_CALL: dict[str, Any] = {
    "jobtype": "JP2",
    "templatename": "lossless.xml",
    "sourceDir": "/data/metadata/4711/images/master",
    "targetDir": "/data/metadata/4711/images/jp2",
    "priority": "5",
    "goobiId": "4711",
    "stepId": "23",
    "goobiTitle": "bd1_1890",
}

_ID = "01a20918-3b46-7309-a646-530432a72955"

JOB: dict[str, Any] = {
    **SPECIFICATION,
    "template": None,
    "callback_url": None,
    "id": _ID,
    "status": "PROCESSING",
    "tab": "queue",
    "created": "2026-11-23T15:43:54.120Z",
    "queued_at": "2026-11-23T15:43:54.120Z",
    "started_at": "2026-11-23T15:43:55.001Z",
    "finished": None,
    "progress": {"percent": 50, "files_done": 6, "files_total": 12, "current_file": "00000007.tif"},
    "files": 12,
    "bytes": 296812544,
    "attempt": 1,
    "dispatch": 1,
    "runner": "jp2-worker1",
    "error": None,
    "warnings": 0,
    "warning_texts": [],
    "put_next": None,
    "held": None,
    "restored": None,
    "cancelling": False,
    "cancel": None,
    "cancelled": None,
    "waiting": None,
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "chain": [],
    "follows": None,
    "links": {
        "self": f"/api/v1/jobs/{_ID}",
        "history": f"/api/v1/jobs/{_ID}/history",
        "log": f"/api/v1/jobs/{_ID}/log",
        "files": f"/api/v1/jobs/{_ID}/files",
    },
}

FILES: dict[str, Any] = {
    "job": _ID,
    "attempt": 1,
    "files": [
        {
            "number": 1,
            "name": "00000001.tif",
            "state": "done",
            "results": ["00000001.jp2"],
            "facts": {"format": "TIFF", "size": "2480 x 3508", "bits": 8},
            "result_facts": {"format": "JPEG 2000", "lossless": True},
            "bytes": 26112000,
            "result_bytes": 11403264,
            "seconds": 1.2,
            "warnings": ["no colour profile: taken to be sRGB"],
            "error": None,
        }
    ],
    "next_cursor": "1.1",
    "cut": False,
    "links": {
        "self": f"/api/v1/jobs/{_ID}/files?limit=1",
        "next": f"/api/v1/jobs/{_ID}/files?limit=1&cursor=1.1",
    },
}

REASON: dict[str, Any] = {"reason": "wrong scan"}
PRIORITY: dict[str, Any] = {"priority": 9, "reason": "the reader waits for it"}
STOP: dict[str, Any] = {"mode": "suspend", "reason": "the disk is full", "until": "2027-01-01T08:00:00+01:00"}
DRAIN: dict[str, Any] = {"grace_seconds": 600, "reason": "a new disk"}
SCALE: dict[str, Any] = {"mode": "auto", "min": 0, "max": 4, "reason": "the newspapers arrive"}
RULE: dict[str, Any] = {
    "name": "Failed newspapers",
    "kinds": ["job_failed", "no_runner"],
    "plugins": ["ocr"],
    "channel": "house-mail",
    "recipients": ["scan-team@example.org"],
    "pace": "interval",
    "interval_minutes": 30,
    "zone": "Europe/Berlin",
    "quiet_from": "20:00",
    "quiet_to": "07:00",
}
LIMIT: dict[str, Any] = {"max_running": 2, "reason": "leave room for others"}

CANCEL_MANY: dict[str, Any] = {
    "action": "cancel",
    "filter": {"plugin": "jp2", "project": "Newspapers", "status": "STARTED", "older_than_seconds": 86400},
    "reason": "wrong scans",
}

MESSAGE: dict[str, Any] = {"type": "warn", "text": "Page 7 was scanned twice: please look at it."}

REPLAY: dict[str, Any] = {"installation": "main", "reason": "Goobi has moved"}

_OPERATION = "01a20918-7c11-7b02-9d4e-0f6f2a1be8d3"

OPERATION: dict[str, Any] = {
    "id": _OPERATION,
    "action": "cancel",
    "priority": None,
    "filter": {
        "plugin": "jp2",
        "tab": None,
        "status": "STARTED",
        "project": "Newspapers",
        "process": None,
        "text": None,
        "priority_min": None,
        "priority_max": None,
        "created_before": "2026-11-22T15:43:54.120Z",
        "created_after": None,
        "warnings": None,
        "ids": None,
    },
    "asked": {"by": "anna", "at": "2026-11-23T15:43:54.130Z", "reason": "wrong scans"},
    "state": "running",
    "total": 12000,
    "done": 5990,
    "unchanged": 4,
    "refused": 6,
    "percent": 50,
    "started": "2026-11-23T15:43:54.220Z",
    "finished": None,
    "stop": None,
    "links": {
        "self": f"/api/v1/operations/{_OPERATION}",
        "failures": f"/api/v1/operations/{_OPERATION}/failures",
        "stop": f"/api/v1/operations/{_OPERATION}/stop",
    },
}

ADD_USER: dict[str, Any] = {"name": "anna", "role": "operator", "plugins": ["jp2"], "reason": "scanning room"}
CHANGE_USER: dict[str, Any] = {"role": "viewer", "plugins": "all", "reason": "new task"}
SET_PASSWORD: dict[str, Any] = {"reason": "lost"}
ADD_TOKEN: dict[str, Any] = {
    "name": "goobi",
    "scopes": ["submit", "read"],
    "plugins": ["jp2"],
    "expires": "2027-12-31T00:00:00Z",
}
PRESET: dict[str, Any] = {
    "plugin": "shell",
    "template": "jpeg-small",
    "parameters": {"size": 1200},
    "shared": True,
    "reason": "for the reading room",
}
RENAME_PRESET: dict[str, Any] = {"name": "Reading room", "shared": True}
