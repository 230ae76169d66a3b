"""The `mmcl` command: thin, one function per subcommand.

Exit status 0: done; 1: a claim or a build failed; 2: bad input; 130, 143, 129: interrupted, ended by
SIGTERM, by a closed terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mmcl_core.cli import interrupt, trouble
from mmcl_core.cli.places import give_matplotlib_a_folder
from mmcl_core.errors import InputError, unknown


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is returned."""
    # Read when OpenMP is loaded, by this process and by those that it starts: threads that wait sleep, and do not hold
    # a core that others need (`runtime.use_threads` has the measurement).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    give_matplotlib_a_folder()
    with interrupt.signals_noted():
        try:
            from mmcl_core.cli.asked import TIERS
            from mmcl_core.cli.parser import parser

            arguments = parser().parse_args(argv)
            if hasattr(arguments, "tier") and arguments.tier not in TIERS:
                raise unknown("tier", arguments.tier, TIERS)
            if hasattr(arguments, "device") and arguments.device not in ("auto", "cpu", "cuda"):
                raise unknown("device", arguments.device, ("auto", "cpu", "cuda"))
            status = arguments.function(arguments)
            sys.stdout.flush()  # a full disk is heard of here, not when Python ends
            return status
        except InputError as error:
            print(f"mmcl: {error}", file=sys.stderr)
            return 2
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (OSError, MemoryError, RuntimeError, OverflowError, ValueError) as error:
            if interrupt.INTERRUPTED or not (said := trouble.sentence(error)):
                raise
            if sys.stdout is sys.__stdout__ and isinstance(error, OSError) and error.filename is None:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"mmcl: {said}", file=sys.stderr)
            return 2
        except BaseException as error:  # an extension module interrupted while it loads says ImportError
            if not (interrupt.INTERRUPTED or isinstance(error, KeyboardInterrupt)):
                raise
            print(interrupt.sentence(), file=sys.stderr)
            return interrupt.status()
