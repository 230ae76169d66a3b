"""Milliseconds from an input to its picture, for each explorer at random settings, in Chromium on this machine.

    python benchmarks/explorers.py [--settings 40] [--out benchmarks/measured/explorers.json]

Two times: on the clock, computing and drawing, which other work on the machine makes longer; and of the processor,
computing, drawing, style and layout, which it hardly does. The first answers of a page are left out: there the browser
still compiles the script. Speed is asserted nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from mmcl_core.site.explorers import EXPLORERS
from tests.explorer_pages import ask, opened, positions, told, write
from tests.test_browser import CHROMIUM

TIME = "document.querySelector('.explorer').frame.milliseconds"
FIRST = 3  # answers left out
# As `set` does it, without what a test wants to read.
ANSWER = """(positions) => {
  const frame = document.querySelector(".explorer").frame;
  for (const c of frame.controls) frame.setting[c.name] = c.options ? positions[c.name]
                                                                    : frame.valueAt(c, positions[c.name]);
  frame.update();
  return document.body.scrollHeight;
}"""


def of_explorer(page, explorer, count: int) -> dict[str, float]:
    """Median and worst of `count` random settings, on the clock and of the processor."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["TaskDuration"]

    stream, clock, processor = np.random.default_rng(0), [], []
    for _ in range(count):
        places = positions(explorer, stream)
        before = busy()
        page.evaluate(ANSWER, places)
        processor.append(busy() - before)
        clock.append(page.evaluate(TIME))
    rows = {"clock": clock[FIRST:], "processor": processor[FIRST:]}
    return {
        f"{name}_{word}_ms": round(float(f(values)), 1)
        for name, values in rows.items()
        for word, f in (("median", np.median), ("worst", max))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=int, default=40)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = {}
    with sync_playwright() as p, tempfile.TemporaryDirectory() as folder:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, explorer in EXPLORERS.items():
            with opened(browser, write(Path(folder), explorer, told(explorer))["light"]) as (page, _):
                ask(page, positions(explorer, np.random.default_rng(1)))
                found[name] = of_explorer(page, explorer, options.settings + FIRST)
            print(name, found[name], flush=True)
        record = {
            "date": date.today().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "load": [round(v, 1) for v in os.getloadavg()],
            "browser": f"Chromium {browser.version}",
            "settings": options.settings,
            "explorers": found,
        }
        browser.close()
    if options.out:
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
