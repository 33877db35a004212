"""From a key press to the next pair on the screen: Chromium against a server that is 200 ms away.

`painted` is what the browser itself measured (Event Timing: from the key to the end of the frame that shows the effect,
in steps of 8 ms); `armed` goes on until the page takes the next key, one frame later. Afterwards the rows are counted.
"""

import argparse
import random

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.delay import delayed
from benchmarks.measure import report
from tests.browser.site import site
from tests.browser.watching import open_compare, sign_in_by_name
from tests.servers import find_chromium

FLAGS = ["--no-sandbox", "--disable-gpu"]
WATCH = """() => {
  window.painted = [];
  window.armed = [];
  window.late = 0;
  let pressedAt = 0;
  const form = document.getElementById("pair");
  addEventListener("keydown", (event) => { pressedAt = event.timeStamp; }, { capture: true });
  new MutationObserver(() => {
    if (!pressedAt || form.dataset.armed === undefined) return;
    if (!document.querySelector("#sheet > .sheet")) { window.late += 1; return; }
    window.armed.push(performance.now() - pressedAt);
    pressedAt = 0;
  }).observe(form, { attributes: true, attributeFilter: ["data-armed"] });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") window.painted.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=200)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds added to every round trip")
    parser.add_argument("--think", type=float, nargs=2, default=(0.3, 0.9), help="seconds between presses, from and to")
    parser.add_argument("--project", default="plain", choices=["plain", "marked", "long"])
    options = parser.parse_args()
    with site() as serving:
        port = int(serving.address.rsplit(":", 1)[1])
        with delayed(port, seconds=options.latency) as distant, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            figures = _press(page, f"http://127.0.0.1:{distant}", options)
            browser.close()
        figures["stored"] = serving.n_verdicts("kay", options.project)
    report("pressing", {**vars(options), **figures})


def _press(page: Page, address: str, options: argparse.Namespace) -> dict[str, object]:
    """Give the verdicts with time to think between them, and return what the page measured."""
    sign_in_by_name(page, address, "kay")
    open_compare(page, address, options.project)
    page.evaluate(WATCH)
    thinking = random.Random(1)
    for _ in range(options.verdicts):
        page.keyboard.press(thinking.choice("120"))
        page.wait_for_timeout(1000 * thinking.uniform(*options.think))
    page.wait_for_function("() => document.getElementById('saving').textContent === 'Saved'", timeout=60_000)
    painted, armed, late = page.evaluate("() => [painted, armed, late]")
    short = [8.0] * (options.verdicts - len(painted))  # quicker than the 16 ms that the browser reports from
    return {
        "pressed": options.verdicts,
        "waited for the server": late,
        **_quantiles("painted", [*painted, *short]),
        **_quantiles("armed", armed),
    }


def _quantiles(name: str, milliseconds: list[float]) -> dict[str, float]:
    return {f"{name} ms p{share}": float(np.percentile(milliseconds, share)) for share in (50, 95, 99)}


if __name__ == "__main__":
    main()
