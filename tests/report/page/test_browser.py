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
    """Open the page, run JavaScript in it, and return its ``result``; any message on the console is a failure."""

    def run(script):
        folder = tmp_path_factory.mktemp("browser")
        copy = folder / "report.html"
        probe = f"""<pre id="result"></pre><script>addEventListener("load", () => setTimeout(() => {{
            const result = {{}}; {script}
            document.getElementById("result").textContent = JSON.stringify(result);
        }}, 300));</script>"""
        copy.write_text(page.read_text(encoding="utf-8").replace("</body>", probe + "</body>"), encoding="utf-8")
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        # This proxy does not exist, so any request to the network would cause an error message.
        command += ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--enable-logging=stderr"]
        command += [f"--user-data-dir={folder}", "--virtual-time-budget=5000", "--dump-dom", copy.as_uri()]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
        assert ran.returncode == 0, ran.stderr
        messages = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
        assert not messages, messages
        text = re.search(r'<pre id="result">(.*?)</pre>', ran.stdout, re.S)[1]
        assert text, "the script did not finish"
        return json.loads(html.unescape(text))

    return run


def test_it_opens_without_network_and_contains_all_it_shows(browse):
    result = browse(
        """
        result.loaded = performance.getEntriesByType("resource").map((entry) => entry.name)
            .filter((name) => !name.startsWith("data:"));
        result.broken = [...document.images].filter((image) => image.complete && !image.naturalWidth).length;
        result.title = document.querySelector("h1").textContent;
        const links = [...document.querySelectorAll("nav a")];
        result.links = links.every((link) => document.querySelector(link.getAttribute("href")));
        result.parts = [...document.querySelectorAll("h2")].map((h) => h.textContent);
        """
    )
    assert (result["loaded"], result["broken"], result["links"]) == ([], 0, True)
    assert result["title"] == "Small & <b>bold</b>"
    question = "Which of 2 methods segments the blob in toy best?"
    parts = [question, "Results", "Comparisons", "Cases", "Viewer", "Uncertainty", "Cost", "Training", "Definitions"]
    assert result["parts"] == [*parts, "Provenance"]


def test_a_heading_sorts_and_sorts_back(browse):
    result = browse(
        """
        const table = document.querySelector("#results table");
        const heading = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.startsWith("Dice ↑"));
        const order = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
        result.first = order();
        heading.click(); result.ascending = order(); result.state = heading.getAttribute("aria-sort");
        heading.click(); result.descending = order();
        heading.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })); result.keyboard = order();
        """
    )
    section = "blob, toy (ct)"
    assert result["first"] == [section, "good", "poor", "truth *", "empty *"]
    assert result["ascending"] == result["keyboard"] == [section, "empty *", "poor", "good", "truth *"]
    assert result["descending"] == [section, "truth *", "good", "poor", "empty *"]
    assert result["state"] == "ascending"


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
    result = browse(
        PIXELS
        + """
        result.names = names();
        result.both = coloured();
        boxes()[1].click(); result.reference = coloured();
        boxes()[0].click(); result.none = coloured();
        boxes()[1].click(); result.prediction = coloured();
        """
    )
    assert [name.split()[0] for name in result["names"]] == ["reference", "good", "poor"]
    assert min(result["both"]) > 200
    assert result["reference"][0] > 200
    assert result["reference"][1] == 0
    assert result["none"] == [0, 0]
    assert result["prediction"][0] == 0
    assert result["prediction"][1] > 200


def test_the_slider_scrolls_and_a_case_is_chosen(browse):
    result = browse(
        PIXELS
        + """
        const [choice, slider, place] = ["select", "input[type=range]", "output"]
            .map((name) => document.querySelector(`#viewer ${name}`));
        result.cases = [...choice.options].map((option) => option.textContent);
        result.start = place.textContent; result.organ = coloured()[0];
        slider.value = 0; slider.dispatchEvent(new Event("input"));
        result.feet = place.textContent; result.outside = coloured();
        choice.value = 2; choice.dispatchEvent(new Event("change")); result.names = names();
        document.querySelector("td a[data-viewer='1'][data-method='poor']").click();
        result.open = choice.value; result.checked = boxes().filter((box) => box.checked).map((box) => box.value);
        """
    )
    assert result["cases"] == [f"blob, toy: case {case}" for case in "123"]
    assert result["start"] == "slice 7 of 12"
    assert result["feet"] == "slice 1 of 12"
    assert result["organ"] > 200
    assert result["outside"] == [0, 0]
    assert result["names"][2] == "poor missed"
    assert (result["open"], result["checked"]) == ("1", ["reference", "poor"])


def test_runs_are_decoded_as_they_were_written(browse):
    """The reference in the browser is the mask in the file, turned to the patient's axes."""
    result = browse(
        """
        const [entry] = JSON.parse(document.getElementById("viewer-data").textContent);
        const mask = decode(entry.masks[0].runs, entry.size.reduce((product, size) => product * size));
        const [columns, rows, slices] = entry.size;
        result.size = entry.size; result.voxels = mask.reduce((sum, value) => sum + value);
        const area = rows * columns, sum = (values) => values.reduce((a, b) => a + b);
        result.slices = [...Array(slices).keys()].map((z) => sum(mask.slice(z * area, (z + 1) * area)));
        """
    )
    mask = ellipsoid()
    assert result["size"] == list(mask.shape[::-1])
    assert result["voxels"] == mask.sum()
    assert result["slices"] == np.count_nonzero(mask, axis=(1, 2)).tolist()
