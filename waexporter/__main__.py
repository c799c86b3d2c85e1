"""The command `waexporter`, and `python -m waexporter`."""

import sys


def main() -> int:
    """Run the command line and return its exit code; Ctrl-C prints no traceback."""
    try:
        from waexporter.cli import main as run  # noqa: PLC0415 - Ctrl-C may come during the import
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: it has not begun\n")
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
