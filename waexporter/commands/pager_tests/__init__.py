"""Building and sending the test page of `waexporter pager test`."""
