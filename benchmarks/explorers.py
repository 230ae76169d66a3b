"""Milliseconds from an input to its picture, for each explorer at random settings, in Chromium on this machine.

    python benchmarks/explorers.py [--settings 40]

The first answer of a page is left out: there the browser still compiles the script. Speed is asserted nowhere.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from mmcl_core.site.explorers import EXPLORERS
from tests.explorer_pages import ask, opened, positions, write
from tests.test_browser import CHROMIUM

TIME = "document.querySelector('.explorer').frame.milliseconds"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=int, default=40)
    count = parser.parse_args().settings
    with sync_playwright() as p, tempfile.TemporaryDirectory() as folder:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'explorer':12} {'median ms':>10} {'worst ms':>10}")
        for name, explorer in EXPLORERS.items():
            stream, spent = np.random.default_rng(0), []
            with opened(browser, write(Path(folder), explorer)["light"]) as (page, _):
                for _ in range(count):
                    ask(page, positions(explorer, stream))
                    spent.append(page.evaluate(TIME))
            print(f"{name:12} {np.median(spent[1:]):10.0f} {max(spent[1:]):10.0f}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
