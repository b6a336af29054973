"""Entry point of ``python -m weakseg3d``."""

import sys

from weakseg3d.cli import main

if __name__ == "__main__":
    sys.exit(main())
