"""The recorded replies of a client, for `waexporter probe --record` and `--replay`."""
