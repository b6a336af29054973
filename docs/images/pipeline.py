"""Draw pipeline.svg: what `snakemake --rulegraph` says, less the rules that only keep books.

The rules stand in columns by the number of their file in workflow/rules, which is that of the folder they write. A rule
that is left out passes its inputs on. The report depends on nearly everything; only its last inputs are drawn.
"""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

PROJECT = Path(__file__).resolve().parents[2]
LANES = {
    "download": 0,
    "import_case": 0,
    "resample": 0,
    "split_original_labels": -1,
    "split_labels": 2,
    "annotate": 2,
    "pseudo_label": 2,
    "train": 0.85,
    "distill": 0,
    "predict": 0,
    "control": 2,
    "evaluate": -1,
    "report": -1,
}
"""The rules that are drawn, each with its height."""
TITLES = {
    1: "raw",
    2: "cases",
    3: "isotropic",
    4: "masks",
    5: "annotations",
    6: "pseudo labels",
    7: "models",
    8: "predictions",
    9: "metrics, report",
}
NAMED = re.compile(r"^(?:rule|use rule \w+ as) (\w+)", re.M)
COLOURS = ["#e8eef7", "#fdf0dc"]
INK, LINE = "#1f2d3d", "#7a8ba0"


def stages(folder=PROJECT / "workflow/rules"):
    """Return ``{rule: number}`` of all rules, by the number with which the name of their file begins."""
    files = [path for path in folder.glob("*.smk") if path.stem[0].isdigit()]
    return {rule: int(path.stem[0]) for path in files for rule in NAMED.findall(path.read_text("utf-8"))}


def rule_graph(text):
    """Return ``{rule: rules it reads from}`` of the graph in the language of Graphviz."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)', text, re.M))
    graph = {name: set() for name in names.values()}
    for source, target in re.findall(r"^\s*(\d+) -> (\d+)", text, re.M):
        graph[names[target]].add(names[source])
    return graph


def contracted(graph, kept):
    """Return the graph of the ``kept`` rules, where those between them pass their inputs on."""

    def sources(rule):
        return {kept_one for source in graph[rule] for kept_one in ({source} if source in kept else sources(source))}

    return {rule: sources(rule) for rule in graph if rule in kept}


def ancestors(graph, rule):
    """Return every rule on which a rule depends."""
    return {one for source in graph[rule] for one in {source} | ancestors(graph, source)}


def without_detours(graph, rule):
    """Return the graph in which ``rule`` does not read from what its other inputs depend on."""
    implied = {one for source in graph[rule] for one in ancestors(graph, source)}
    return graph | {rule: graph[rule] - implied}


def draw(graph, path):
    """Draw a graph of rules, ``{rule: rules it reads from}``."""
    plt.rcParams |= {"svg.fonttype": "path", "svg.hashsalt": "pipeline", "font.family": "DejaVu Sans"}
    figure, axes = plt.subplots(figsize=(12.4, 3.7))
    number = stages()
    # The last column holds two rules, one after the other.
    places = {rule: (number[rule] + (rule == "report"), LANES[rule]) for rule in graph}
    for stage, title in TITLES.items():
        middle, width = (9.5, 2) if stage == 9 else (stage, 1)
        low = (middle - width / 2 + 0.04, -1.45)
        axes.add_patch(
            FancyBboxPatch(low, width - 0.08, 4.55, "round,pad=0", fc=COLOURS[stage % 2], ec="none", zorder=0)
        )
        axes.text(middle, 2.75, f"{stage}\n{title}", ha="center", va="center", fontsize=9, color=INK)
    for rule, sources in graph.items():
        for source in sources:
            (x0, y0), (x1, y1) = places[source], places[rule]
            # Along a lane, past the rules between.
            bend = 0.2 if y0 == y1 and x1 - x0 > 1 and source == "resample" and rule == "predict" else 0
            axes.add_patch(
                FancyArrowPatch(
                    (x0 + 0.42, y0) if x0 != x1 else (x0, y0 + 0.3 * (y1 > y0) - 0.3 * (y1 < y0)),
                    (x1 - 0.42, y1) if x0 != x1 else (x1, y1 - 0.3 * (y1 > y0) + 0.3 * (y1 < y0)),
                    connectionstyle=f"arc3,rad={bend}",
                    arrowstyle="-|>",
                    mutation_scale=9,
                    color=LINE,
                    lw=1.2,
                    zorder=1,
                )
            )
    for rule, (x, y) in places.items():
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.41, y - 0.3), 0.82, 0.6, "round,pad=0,rounding_size=0.08", fc="white", ec=INK, lw=1, zorder=2
            )
        )
        axes.text(
            x,
            y,
            rule.replace("_", "\n", 1).replace("_", " "),
            ha="center",
            va="center",
            fontsize=7.6,
            color=INK,
            zorder=3,
            linespacing=1.0,
        )
    axes.set(xlim=(0.45, 10.55), ylim=(-1.5, 3.15))
    axes.axis("off")
    figure.savefig(path, bbox_inches="tight", pad_inches=0.05, metadata={"Date": None})
    plt.close(figure)


def main():
    """Ask Snakemake for the demo's graph of rules and draw it."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph"]
    text = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8", check=True).stdout
    draw(without_detours(contracted(rule_graph(text), LANES), "report"), Path(__file__).with_suffix(".svg"))


if __name__ == "__main__":
    main()
