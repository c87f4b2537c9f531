"""Runs the studio's command line: `python -m studio`."""

import sys

from studio.cli import main
from studio.lean_lightgbm import without_unused

if __name__ == "__main__":
    without_unused()
    sys.exit(main())
