"""`python -m mmcl_core.cli` is `mmcl`."""

import sys

if sys.path and not sys.flags.safe_path:
    sys.path.append(sys.path.pop(0))  # a queue.py in the working folder is not the library's

from mmcl_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
