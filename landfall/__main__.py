"""`python -m landfall`: the same as the `landfall` command."""

import sys

try:
    from landfall.cli import main

    sys.exit(main())
except KeyboardInterrupt:  # before the command itself looks after it
    sys.exit(130)
