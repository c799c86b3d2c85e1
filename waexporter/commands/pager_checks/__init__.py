"""The checks of `waexporter pager check`."""
