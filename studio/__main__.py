"""Runs the studio's command line: `python -m studio`."""

import sys

from studio.commands.cli import main
from studio.training.lightgbm_imports import block_unused_imports

if __name__ == "__main__":
    block_unused_imports()
    sys.exit(main())
