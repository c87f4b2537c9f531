"""`python -m landfall`: the same as the `landfall` command."""

import sys

from landfall.cli import main

sys.exit(main())
