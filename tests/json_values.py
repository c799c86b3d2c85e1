"""Values of JSON for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

SHORT_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
)


def json_values(
    keys: st.SearchStrategy[str],
    scalars: st.SearchStrategy[object] = SHORT_SCALARS,
    *,
    max_leaves: int = 12,
) -> st.SearchStrategy[object]:
    """Return a strategy for scalars, and for lists and maps of them to any depth."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=max_leaves,
    )
