"""A preview server for the built site, on this machine only."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from mmcl_core.errors import InputError
from mmcl_core.site.pairs import root_folder


def serve(port: int = 8000) -> int:
    """Serve `_build/html` on 127.0.0.1 until interrupted.

    Raises
    ------
    InputError
        When the site is not built yet, or the port is out of range or taken.
    """
    site = root_folder() / "_build" / "html"
    if not (site / "index.html").exists():
        raise InputError("There is no built site yet: run make book, or make preview for a quick one")
    try:
        if not 1 <= port <= 65535:
            raise OverflowError("it is out of range")
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(site)))
    except (OSError, OverflowError) as error:
        raise InputError(
            f"Port {port} cannot be used ({getattr(error, 'strerror', None) or error}): allowed are free ports from "
            f"1024 to 65535, named with --port"
        ) from None
    print(f"http://127.0.0.1:{port}/  (Ctrl-C ends it)", flush=True)
    with server:
        server.serve_forever()
    return 0
