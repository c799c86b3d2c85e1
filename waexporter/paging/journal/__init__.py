"""The journal of pages on disk: schema, entries, writer, reader."""
