"""The page in a browser: it opens from disk without network, sorts, scrolls and toggles, and reports no error."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from small_experiment import ellipsoid, report, small_experiment

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    results = small_experiment(tmp_path_factory.mktemp("page"))
    overlay = results / "figures/overlays/toy/blob/good.png"
    assert report(results, "--title", "Small & <b>bold</b>") == 0
    assert not overlay.exists()
    return results / "report.html"


@pytest.fixture(scope="module")
def browse(page, tmp_path_factory):
    """Open the page, run JavaScript in it, and return what that puts into ``seen``; any console message fails."""

    def run(script):
        folder = tmp_path_factory.mktemp("browser")
        copy = folder / "report.html"
        probe = f"""<pre id="seen"></pre><script>addEventListener("load", () => setTimeout(() => {{
            const seen = {{}}; {script}
            document.getElementById("seen").textContent = JSON.stringify(seen);
        }}, 300));</script>"""
        copy.write_text(page.read_text(encoding="utf-8").replace("</body>", probe + "</body>"), encoding="utf-8")
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        # A proxy that is not there: whatever the page asked the network for would fail aloud.
        command += ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--enable-logging=stderr"]
        command += [f"--user-data-dir={folder}", "--virtual-time-budget=5000", "--dump-dom", copy.as_uri()]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
        assert ran.returncode == 0, ran.stderr
        messages = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
        assert not messages, messages
        text = re.search(r'<pre id="seen">(.*?)</pre>', ran.stdout, re.S)[1]
        assert text, "the script came to no end"
        return json.loads(html.unescape(text))

    return run


def test_it_opens_without_network_and_holds_all_it_shows(browse):
    seen = browse(
        """
        seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name)
            .filter((name) => !name.startsWith("data:"));
        seen.broken = [...document.images].filter((image) => image.complete && !image.naturalWidth).length;
        seen.title = document.querySelector("h1").textContent;
        const links = [...document.querySelectorAll("nav a")];
        seen.links = links.every((link) => document.querySelector(link.getAttribute("href")));
        seen.parts = [...document.querySelectorAll("h2")].map((h) => h.textContent);
        """
    )
    assert (seen["loaded"], seen["broken"], seen["links"]) == ([], 0, True)
    assert seen["title"] == "Small & <b>bold</b>"
    parts = ["Summary", "Results", "Comparisons", "Cases", "Viewer", "Uncertainty", "Cost", "Training", "Definitions"]
    assert seen["parts"] == [*parts, "Provenance"]


def test_a_heading_sorts_and_sorts_back(browse):
    seen = browse(
        """
        const table = document.querySelector("table.results");
        const heading = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.startsWith("Dice ↑"));
        const order = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
        seen.first = order();
        heading.click(); seen.ascending = order(); seen.state = heading.getAttribute("aria-sort");
        heading.click(); seen.descending = order();
        heading.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })); seen.keyboard = order();
        """
    )
    section = "blob, toy (ct)"
    assert seen["first"] == [section, "good", "poor", "truth *", "empty *"]
    assert seen["ascending"] == seen["keyboard"] == [section, "empty *", "poor", "good", "truth *"]
    assert seen["descending"] == [section, "truth *", "good", "poor", "empty *"]
    assert seen["state"] == "ascending"


PIXELS = """
    const canvas = document.querySelector("#viewer canvas");
    const coloured = () => {
        const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        [copy.canvas.width, copy.canvas.height] = [canvas.width, canvas.height];
        copy.drawImage(canvas, 0, 0);
        const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
        let [blue, yellow] = [0, 0];
        for (let i = 0; i < pixels.length; i += 4) {
            const [r, g, b] = pixels.slice(i, i + 3);
            blue += b > r + 60 && b > 150;
            yellow += r > b + 60 && g > b + 60;
        }
        return [blue, yellow];
    };
    const boxes = () => [...document.querySelectorAll("#viewer .masks input")];
    const names = () => [...document.querySelectorAll("#viewer .masks label")].map((label) => label.textContent);
"""


def test_masks_are_toggled(browse):
    seen = browse(
        PIXELS
        + """
        seen.names = names();
        seen.both = coloured();
        boxes()[1].click(); seen.reference = coloured();
        boxes()[0].click(); seen.none = coloured();
        boxes()[1].click(); seen.prediction = coloured();
        """
    )
    assert [name.split()[0] for name in seen["names"]] == ["reference", "good", "poor"]
    assert min(seen["both"]) > 200
    assert seen["reference"][0] > 200
    assert seen["reference"][1] == 0
    assert seen["none"] == [0, 0]
    assert seen["prediction"][0] == 0
    assert seen["prediction"][1] > 200


def test_the_slider_scrolls_and_a_case_is_chosen(browse):
    seen = browse(
        PIXELS
        + """
        const [choice, slider, place] = ["select", "input[type=range]", "output"]
            .map((name) => document.querySelector(`#viewer ${name}`));
        seen.cases = [...choice.options].map((option) => option.textContent);
        seen.start = place.textContent; seen.organ = coloured()[0];
        slider.value = 0; slider.dispatchEvent(new Event("input"));
        seen.feet = place.textContent; seen.outside = coloured();
        choice.value = 2; choice.dispatchEvent(new Event("change")); seen.names = names();
        document.querySelector("td a[data-viewer='1'][data-method='poor']").click();
        seen.chosen = choice.value; seen.checked = boxes().filter((box) => box.checked).map((box) => box.value);
        """
    )
    assert seen["cases"] == [f"blob, toy: case {case}" for case in "123"]
    assert seen["start"] == "slice 7 of 12"
    assert seen["feet"] == "slice 1 of 12"
    assert seen["organ"] > 200
    assert seen["outside"] == [0, 0]
    assert seen["names"][2] == "poor missed"
    assert (seen["chosen"], seen["checked"]) == ("1", ["reference", "poor"])


def test_runs_are_decoded_as_they_were_written(browse):
    """The reference in the browser is the mask in the file, turned to the patient's axes."""
    seen = browse(
        """
        const [one] = JSON.parse(document.getElementById("viewer-data").textContent);
        const mask = decode(one.masks[0].runs, one.size.reduce((product, size) => product * size));
        const [columns, rows, slices] = one.size;
        seen.size = one.size; seen.voxels = mask.reduce((sum, value) => sum + value);
        const area = rows * columns, sum = (values) => values.reduce((a, b) => a + b);
        seen.slices = [...Array(slices).keys()].map((z) => sum(mask.slice(z * area, (z + 1) * area)));
        """
    )
    mask = ellipsoid()
    assert seen["size"] == list(mask.shape[::-1])
    assert seen["voxels"] == mask.sum()
    assert seen["slices"] == np.count_nonzero(mask, axis=(1, 2)).tolist()
