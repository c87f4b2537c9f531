"""Runs the studio's command line: `python -m studio`."""

import sys

from studio.commands.cli import main
from studio.training.lightgbm_imports import without_unused

if __name__ == "__main__":
    without_unused()
    sys.exit(main())
