"""`python -m waexporter`."""

import sys

from waexporter.cli import main

sys.exit(main())
