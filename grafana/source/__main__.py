"""Write every dashboard to grafana/dashboards."""

from __future__ import annotations

from grafana.source.publication import FOLDER, publish

for name, text in publish().items():
    (FOLDER / name).write_text(text)
