"""Prometheus's own tool as judge of queries and rules."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def promtool(*words: str | Path) -> str:
    """What it says; fails with it if it finds something wrong."""
    program = shutil.which("promtool")
    if program is None:
        raise AssertionError("promtool is not installed: run `make setup`")
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def evaluate(
    folder: Path, series: Sequence[Mapping[str, str]], expected: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Check what expressions give for series of a minute; fails with what they gave instead."""
    case = {
        "interval": "15s",
        "input_series": [dict(one) for one in series],
        "promql_expr_test": [
            {"expr": expr, "eval_time": "1m", "exp_samples": [dict(one) for one in samples]}
            for expr, samples in expected.items()
        ],
    }
    file = folder / "case.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}), encoding="utf-8")
    promtool("test", "rules", file)
