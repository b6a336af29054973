"""The page in a browser: it opens from disk without network, sorts, scrolls and toggles, and reports no error."""

import html
import json
import math
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from compared_methods import STRONG, rows_of
from small_experiment import ellipsoid, report, small_experiment

from weakseg3d.report.all_figures import CAPTIONS
from weakseg3d.report.figures.overview import overview_figure
from weakseg3d.report.page.answer import answer, question
from weakseg3d.report.page.contents import Contents
from weakseg3d.report.page.render import render_page
from weakseg3d.report.picture import picture_of
from weakseg3d.report.tables.against_best import compared_rows
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.overview import overview_table, readable_overview
from weakseg3d.report.tables.per_case import case_table
from weakseg3d.statistics.overall_ranking import overall_ranking

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

    def run(script, page=page, size=(800, 600), part=""):
        folder = tmp_path_factory.mktemp("browser")
        copy = folder / "report.html"
        probe = f"""<pre id="result"></pre><script>addEventListener("load", () => setTimeout(async () => {{
            const result = {{}}; {script}
            document.getElementById("result").textContent = JSON.stringify(result);
        }}, 300));</script>"""
        copy.write_text(page.read_text(encoding="utf-8").replace("</body>", probe + "</body>"), encoding="utf-8")
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        # This proxy does not exist, so any request to the network would cause an error message.
        command += ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--enable-logging=stderr"]
        command += [f"--user-data-dir={folder}", "--virtual-time-budget=5000", "--dump-dom"]
        command += [f"--window-size={size[0]},{size[1]}", copy.as_uri() + part]
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


TABS = """
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const panels = [...document.querySelectorAll("[role=tabpanel]")];
    const shown = () => panels.filter((panel) => panel.querySelector("h2").checkVisibility()).map((panel) => panel.id);
    const chosen = () => tabs.filter((tab) => tab.ariaSelected === "true").map((tab) => tab.hash.slice(1));
    const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
"""


def test_tabs_show_one_part_and_obey_pointer_and_keyboard(browse):
    result = browse(
        TABS
        + """
        result.start = [shown(), chosen()];
        result.named = tabs.every((tab, place) => tab.getAttribute("aria-controls") === panels[place].id
            && panels[place].getAttribute("aria-labelledby") === tab.id) && tabs.length === panels.length;
        result.list = document.querySelector("[role=tablist]").getAttribute("aria-label");
        tabs[2].click(); result.click = [shown(), chosen(), location.hash];
        result.order = tabs.map((tab) => tab.tabIndex);
        tabs[2].focus(); press("ArrowRight"); result.right = [shown(), document.activeElement.hash];
        press("Home"); press("ArrowLeft"); result.around = [shown(), document.activeElement.hash];
        press("ArrowRight"); press("End"); result.end = shown();
        panels[1].dispatchEvent(new Event("beforematch", { bubbles: true })); result.found = [shown(), chosen()];
        """
    )
    assert result["start"] == [["summary"], ["summary"]]
    assert (result["named"], result["list"]) == (True, "parts of the page")
    assert result["click"] == [["comparisons"], ["comparisons"], "#comparisons"]
    assert [place for place, index in enumerate(result["order"]) if index == 0] == [2]
    assert result["right"] == [["cases"], "#cases"]
    assert result["around"] == [["provenance"], "#provenance"]
    assert result["end"] == ["provenance"]
    assert result["found"] == [["results"], ["results"]]


@pytest.mark.parametrize(("part", "shown"), [("#viewer", "slices"), ("#results", "results"), ("#none", "summary")])
def test_an_address_opens_the_part_it_points_into(browse, part, shown):
    assert browse(TABS + "result.shown = shown();", part=part)["shown"] == [shown]


def test_a_value_of_a_case_opens_the_viewer(browse):
    result = browse(
        TABS
        + """
        document.querySelector("td a[data-viewer='1']").click();
        await new Promise((done) => setTimeout(done, 200));
        result.shown = shown();
        """
    )
    assert result["shown"] == ["slices"]


def test_all_parts_are_printed(page, tmp_path):
    pdf = tmp_path / "page.pdf"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    subprocess.run([*command, f"--print-to-pdf={pdf}", page.as_uri()], capture_output=True, check=True, timeout=120)
    # The summary alone is one page.
    assert len(re.findall(rb"/Type /Page\b", pdf.read_bytes())) > 3


@pytest.fixture(scope="module")
def large_page(tmp_path_factory):
    """Return a page whose overview has ten methods on three organs of two datasets, and many warnings."""
    methods = {f"method_{number}_unet": [value - number / 50 for value in STRONG] for number in range(9)}
    whole = {"whole": [value + 0.01 for value in STRONG]}
    rows = pd.concat(
        rows_of(part, organ, dataset=dataset).assign(annotation=annotation, effort_clicks=clicks, effort_cm=0.0)
        for dataset, organ in (("hospital_ct", "liver"), ("hospital_ct", "spleen"), ("hospital_mr", "liver"))
        for part, annotation, clicks in ((methods, "points", 25.0), (whole, "dense", math.nan))
    )
    ranks = overall_ranking(compared_rows(rows, SHOWN), resamples=10)[0]
    table = overview_table(rows, main_table(rows), ranks, SHOWN)
    picture = picture_of(overview_figure(table, SHOWN[0]), "overview", CAPTIONS["overview"])
    contents = Contents(
        title="Abdominal organs from a few clicks",
        footer={"experiment": "large", "seeds": "0 1 2", "commit": "0" * 40},
        question=question(rows, table),
        answer=answer(rows, table, SHOWN[0]),
        summary=["10 methods on 3 organs.", "liver: method_0_unet is best."],
        warnings=["method_8_unet missed the liver, hospital_ct (ct) in 1 of 24 evaluations"] * 30,
        tables=dict.fromkeys(
            ("overview", "main", "against_best", "ranking", "overall_ranking"), readable_overview(table, SHOWN)
        ),
        cases=case_table(rows, SHOWN),
        pictures=dict.fromkeys(("overview", "ranking", "overall_ranking"), picture),
    )
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(render_page(contents), encoding="utf-8")
    return path


def test_the_first_screen_holds_question_answer_table_figure_and_warnings(browse, large_page):
    result = browse(
        """
        result.width = [document.documentElement.scrollWidth, innerWidth];
        const box = document.querySelector("#overview .scroll");
        result.table = [box.scrollWidth, box.clientWidth];
        result.bottoms = ["h2", "p", "table", "figure", "#warnings"]
            .map((part) => document.querySelector(`#overview ${part}`).getBoundingClientRect().bottom);
        """,
        page=large_page,
        size=(1280, 800),
    )
    assert result["width"][0] <= result["width"][1]
    assert result["table"][0] <= result["table"][1], "the table scrolls sideways"
    assert max(result["bottoms"]) <= 800


def test_a_phone_does_not_scroll_the_page_sideways(browse, large_page, tmp_path):
    # The window cannot be narrower than 500 pixels, but a frame in it can.
    outer = tmp_path / "outer.html"
    text = html.escape(large_page.read_text(encoding="utf-8"))
    outer.write_text(f'<body><iframe width="390" height="844" srcdoc="{text}"></iframe></body>', encoding="utf-8")
    result = browse(
        """
        const inner = document.querySelector("iframe").contentDocument.documentElement;
        result.width = [inner.scrollWidth, inner.clientWidth];
        """,
        page=outer,
    )
    # The bar for scrolling down may take some of the width.
    assert 370 <= result["width"][0] <= result["width"][1] <= 390
