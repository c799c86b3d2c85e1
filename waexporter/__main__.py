"""The command `waexporter`, and `python -m waexporter`: an interruption is none of Python's business."""

import sys


def main() -> int:
    """Run the command line; gives the exit code."""
    try:
        from waexporter.cli import main as run  # noqa: PLC0415 - takes as long as a Ctrl-C
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: it has not begun\n")
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
