"""Two hundred runs of the kill matrix on the database at hand; `make killmatrix` runs thousands."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = "200"


@pytest.mark.slow
def test_killed_anywhere_nothing_is_lost_doubled_or_misstated(capsys):
    database = os.environ.get("TEST_DATABASE", "sqlite")
    seed = os.environ.get("KILLMATRIX_SEED", str(int(time.time())))
    command = [sys.executable, "-m", "tests.killmatrix", "--database", database]
    result = subprocess.run(
        [*command, "--runs", RUNS, "--seed", seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    with capsys.disabled():
        print(f"\n{result.stdout}", file=sys.stderr)
    assert result.returncode == 0, result.stdout + result.stderr
