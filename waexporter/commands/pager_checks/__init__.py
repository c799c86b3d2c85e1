"""What `waexporter pager check` looks at."""
