"""Takes the pictures of the README: `make screenshots`.

Starts Assay in a folder of its own, fills it by `docs/demo.py`, and photographs its pages in Chromium.
`python -m docs.screenshots some/folder` takes all of them, in light and dark, at the width of a desk and of a phone, to
look at.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby, product
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from playwright.sync_api import Browser, Page, sync_playwright

from docs.demo import furnish
from tests.servers import chromium_program, free_port
from webapp.dashboard import paths
from webapp.dashboard.pages import PAGES

PICTURES = Path(__file__).parent / "pictures"
# Every page that needs nothing in its address, by the name of its module: a new one has its picture taken by itself.
PLAIN = {
    page.__name__.rpartition(".")[2].replace("_", "-"): paths.PREFIX.rstrip("/") + page.PATH
    for page in PAGES
    if "<" not in page.PATH and page.PATH != "/404"
}
Picture: TypeAlias = tuple[str, str, str]  # page, theme, width
IN_THE_README: tuple[Picture, ...] = (
    ("dashboard", "light", "desk"),
    ("overview", "light", "desk"),
    ("compare", "dark", "desk"),
    ("upload-findings", "light", "desk"),
    ("new-analysis", "dark", "desk"),
    ("honesty", "light", "desk"),
    ("model", "light", "desk"),
)
PASSWORD = "a password for pictures only"  # noqa: S105  # the installation lives as long as this script
EMAIL = "researcher@assay.local"
WIDTHS = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SUFFIX = {"desk": "", "phone": "-phone"}
THEMES = ("light", "dark")


@contextlib.contextmanager
def running(home: Path, port: int) -> Iterator[None]:
    """Run Assay until the pictures are taken."""
    settings = {
        "ASSAY_HOME": str(home),
        "ASSAY_PORT": str(port),
        "ASSAY_ADMIN_EMAIL": EMAIL,
        "ASSAY_ADMIN_PASSWORD": PASSWORD,
    }
    environment = os.environ | settings  # noqa: TID251  # a process's own
    command = [sys.executable, "-m", "webapp", "up"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as launcher:
        try:
            while "Ctrl-C stops it" not in (line := launcher.stdout.readline() if launcher.stdout else ""):
                if not line:
                    raise SystemExit("Assay did not start; what it said stands above.")
            yield
        finally:
            launcher.terminate()


def sign_in(page: Page, address: str) -> None:
    """Sign in, as a person does."""
    page.goto(address + "/login")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(address + paths.PREFIX + "**")


def photograph(page: Page, address: str, target: Path) -> None:
    """Take one picture."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # charts draw themselves after the last answer
    page.screenshot(path=target)


def addresses(ids: dict[str, str]) -> dict[str, str]:
    """Return where each picture is taken; pages that need nothing in their address are there by themselves."""
    shown = paths.analysis(ids["analysis"])
    return PLAIN | {
        **{tab: f"{shown}?tab={tab}" for tab in paths.TABS},
        "model-barriers": paths.analysis(ids["other"], tab="model"),
        "overview-regression": paths.analysis(ids["regression"]),
        "model-regression": paths.analysis(ids["regression"], tab="model"),
        "compare": paths.compare((ids["analysis"], ids["other"])),
        "upload-findings": paths.upload(ids["upload"]),
        "data-report": paths.data(instrument_id=ids["instrument"]),
        "user": paths.user(ids["user"]),
    }


def take(browser: Browser, address: str, pages: dict[str, str], wanted: Iterable[Picture], folder: Path) -> None:
    """Take the wanted pictures."""
    for (theme, width), group in groupby(sorted(wanted, key=itemgetter(1, 2)), key=itemgetter(1, 2)):
        context = browser.new_context(viewport=WIDTHS[width], color_scheme=theme)
        page = context.new_page()
        sign_in(page, address)
        for name, _, _ in group:
            photograph(page, address + pages[name], folder / f"{name}-{theme}{SUFFIX[width]}.png")
        context.close()


def main() -> None:
    """Take the README's pictures, or all of them into the folder that is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with running(Path(scratch) / "home", port):
            pages = addresses(furnish(playwright, address, email=EMAIL, password=PASSWORD))
            wanted = product(pages, THEMES, WIDTHS) if len(sys.argv) > 1 else IN_THE_README
            browser = playwright.chromium.launch(executable_path=chromium_program(), args=["--no-sandbox"])
            take(browser, address, pages, wanted, folder)
            browser.close()
    sys.stdout.write(f"Pictures are in {folder}.\n")


if __name__ == "__main__":
    main()
