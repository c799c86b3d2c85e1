"""How many examples a property test tries: all where a change is decided on, a third of them at a desk.

At a desk the examples are new ones each time, so what one run leaves out another tries.
"""

from __future__ import annotations

import os

_FEWEST = 20


def examples(count: int) -> int:
    """Return how many of `count` examples are tried.

    The variable WAEXPORTER_EXAMPLES is `all` or `few`; by default it is `all` where CI is set, else `few`.
    """
    wanted = os.environ.get("WAEXPORTER_EXAMPLES") or ("all" if os.environ.get("CI") else "few")
    return count if wanted == "all" else max(min(count, _FEWEST), count // 3)
