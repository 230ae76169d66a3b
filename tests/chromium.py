"""A browser without a network, and a page opened in it as on a first visit."""

import os
import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

CHROMIUM = (
    os.environ.get("MMCL_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)


@contextmanager
def launched():
    with sync_playwright() as p:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--disable-sync",
            "--disable-component-update",
        ]
        instance = p.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield instance
        instance.close()


def opened(browser, site, name, theme="light", width=1280, height=800, scripts=True):
    """A page on a first visit with a system set to `theme`, and the list of everything that went wrong while it
    loaded."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, offline=True, java_script_enabled=scripts
    )
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    # what is still on its way when a page is left was not refused
    page.on("requestfailed", lambda r: r.failure != "net::ERR_ABORTED" and wrong.append(f"not loaded: {r.url}"))
    page.on("request", lambda r: wrong.append(f"outside: {r.url}") if r.url.startswith("http") else None)
    file, _, fragment = name.partition("#")
    page.goto(f"file://{site}/{file}.html" + (f"#{fragment}" if fragment else ""))
    return page, wrong
