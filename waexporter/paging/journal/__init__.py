"""The journal of pages and alerts on disk.

writer.py is the one writer, in the daemon: it keeps journal_file.py open, and alert_memory.py in memory;
session.py is what others do while they hold its lock. reader.py reads while a daemon may run. schema.py has
the tables; entry.py, rows.py and trail.py have what is in them, and damage.py what can't be read.
"""
