"""The engines that evaluate our rules, each of which runs the same file of tests.

Prometheus does so by its promtool. VictoriaMetrics does by its vmalert-tool, which starts a whole server and
vmalert: what differs from PromQL in its MetricsQL, such as increase() of a counter that is new, shows there.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.real import parts
from tests.real.fixtures import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts

_PATIENCE = 300  # seconds; fifteen are enough on an idle machine


class Engine(NamedTuple):
    """An engine of one generation."""

    suite: str
    program: str
    arguments: tuple[str, ...]
    claims: str  # its key for the claims about an expression

    def test_rules(self, real_parts: RealParts, folder: Path, document: dict[str, Any]) -> Finding:
        """Run a document of promtool's tests, written into a folder."""
        program = real_parts.program(self.suite, self.program)
        tests = [
            {self.claims if key == "promql_expr_test" else key: value for key, value in test.items()}
            for test in document["tests"]
        ]
        file = folder / f"{self.program}-{self.suite}.yml"
        file.write_text(json.dumps(document | {"tests": tests}))  # JSON is YAML
        done = subprocess.run(
            [program, *self.arguments, file],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(folder)},  # where a server has its data
            timeout=_PATIENCE,
            check=False,
        )
        return Finding(done.returncode, done.stdout.decode())


def _prometheus(suite: str) -> Engine:
    return Engine(suite, "promtool", ("test", "rules"), "promql_expr_test")


def _victoria(suite: str) -> Engine:
    # The label that vmalert adds is the only one that our rules don't give.
    flags = ("unittest", "--disableAlertgroupLabel", "--files")
    return Engine(suite, "vmalert-tool", flags, "metricsql_expr_test")


VICTORIA = tuple(_victoria(suite) for suite in parts.VICTORIA_SUITES)
ENGINES = (*(_prometheus(suite) for suite in parts.SUITES), *VICTORIA)
NEWEST = (_prometheus(parts.SUITES[-1]), VICTORIA[-1])


def name_engine(engine: Engine) -> str:
    """Name an engine in the name of a test."""
    return f"{engine.program}-{engine.suite}"
