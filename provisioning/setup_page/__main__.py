"""The same as `haetae-provision setup-page`."""

import sys

from provisioning.setup_page.server import main

if __name__ == "__main__":
    sys.exit(main())
