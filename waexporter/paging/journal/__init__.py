"""The journal of pages and alerts on disk.

writer.py is the only writer, in the daemon: it opens the file (journal_file.py) and keeps the records of
alerts in memory (alert_memory.py). session.py does several steps under the writer's lock. reader.py reads the
file while a daemon may be running. schema.py defines the tables; entry.py, rows.py and attempt_history.py
convert their rows, and damaged_rows.py collects those that can't be read.
"""
