"""The same as `haetae-perception`."""

import sys

from agent.perception.cli import main

if __name__ == "__main__":
    sys.exit(main())
