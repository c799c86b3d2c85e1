"""The test page of `waexporter pager test`, and ways to send it without a daemon."""
