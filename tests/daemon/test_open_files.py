"""The limit of open files, in processes of their own: a lowered limit stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from waexporter.daemon.open_files import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
raise_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "after"), [(64, 128, "128 128"), (128, 128, "128 128")])
def test_the_limit_is_raised_as_far_as_the_system_allows(soft: int, hard: int, after: str) -> None:
    program = PROGRAM.format(soft=soft, hard=hard)

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == after
