"""`python -m emotiscan` is the `emotiscan` command."""

import sys

from emotiscan.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
