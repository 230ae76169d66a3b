"""`python -m mmcl_core.cli` is `mmcl`."""

import sys

from mmcl_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
