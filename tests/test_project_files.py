"""What readers, the Snakemake catalogue and citation managers find at the root of the repository."""

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from weakseg3d import __version__
from weakseg3d.cli import build_parser
from weakseg3d.experiment.from_config import config_schema
from weakseg3d.files import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), PROJECT / "config/README.md", PROJECT / "benchmarks/README.md"])


def read(name):
    return (PROJECT / name).read_text(encoding="utf-8")


def prose(text):
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", prose(page.read_text(encoding="utf-8"))):
        path, _, heading = target.partition("#")
        if not target.startswith("https://"):
            linked = page.parent / path if path else page
            assert linked.exists(), target
            headings = re.findall(r"^#+ (.*)", linked.read_text(encoding="utf-8"), re.M) if heading else []
            assert not heading or heading in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_named_targets_of_make_exist(page):
    targets = re.findall(r"^([\w-]+):", read("Makefile"), re.M)
    for command in re.findall(r"(?:`|^)make ([\w -]+)", page.read_text(encoding="utf-8"), re.M):
        assert set(command.split()) <= set(targets), command


def test_the_version_stands_in_one_place_and_is_cited():
    assert 'dynamic = ["version"]' in read("pyproject.toml")
    assert 'version = {attr = "weakseg3d.__version__"}' in read("pyproject.toml")
    assert yaml.safe_load(read("CITATION.cff"))["version"] == __version__


def test_the_changelog_keeps_its_form():
    sections = re.findall(r"^## (.*)", read("CHANGELOG.md"), re.M)
    assert sections[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", section) for section in sections[1:])
    kinds = set(re.findall(r"^### (.*)", read("CHANGELOG.md"), re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize(("method", "authors"), [("pw4medseg", 7), ("paseg", 6)])
def test_both_methods_are_cited_in_full(method, authors):
    citation = yaml.safe_load(read(f"config/methods/{method}.yaml"))["citation"]
    (number,) = re.findall(r"\d{4}\.\d{5}", citation)
    (reference,) = [one for one in yaml.safe_load(read("CITATION.cff"))["references"] if number in one["url"]]
    assert reference["doi"] == f"10.48550/arXiv.{number}"
    assert len(reference["authors"]) == authors
    assert all(author["family-names"] and author["given-names"] for author in reference["authors"])
    assert number not in reference["title"]
    assert len(reference["title"].split()) > 8


def test_the_readme_is_short_and_its_commands_are_right():
    lines = read("README.md").splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 160
    blocks = re.findall(r"^```bash\n(.*?)^```", read("README.md"), re.M | re.S)
    commands = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    assert [command for command in commands if command[0] == "make"] == [["make", "demo"], ["make", "test"]]
    verbs = [command[1:] for command in commands if command[0] == "weakseg3d"]
    assert len(verbs) >= 4
    for verb, *arguments in verbs:
        build_parser(verb).parse_args(arguments)


def test_the_picture_of_the_pipeline_is_made_of_the_rules():
    module = runpy.run_path(str(PROJECT / "docs/images/pipeline.py"))
    assert module["LANES"].keys() <= module["stages"]().keys()
    text = 'digraph d {\n 0[label = "c"]\n 1[label = "hidden"]\n 2[label = "b"]\n 3[label = "a"]\n'
    text += " 1 -> 0\n 2 -> 1\n 3 -> 2\n 3 -> 0\n}"
    graph = module["rule_graph"](text)
    assert graph == {"c": {"hidden", "a"}, "hidden": {"b"}, "b": {"a"}, "a": set()}
    kept = module["contracted"](graph, ["a", "b", "c"])
    assert kept == {"c": {"b", "a"}, "b": {"a"}, "a": set()}
    # What c reads from a, b has read already.
    assert module["without_detours"](kept, "c") == {"c": {"b"}, "b": {"a"}, "a": set()}


def test_the_catalogue_can_list_the_workflow():
    """Its rules: these files, a README that names snakemake and workflow, and usage that is true."""
    assert (PROJECT / "workflow/Snakefile").is_file()
    assert (PROJECT / "config/README.md").is_file()
    assert {"snakemake", "workflow"} <= set(re.findall(r"\w+", read("README.md").lower()))
    usage = yaml.safe_load(read(".snakemake-workflow-catalog.yml"))["usage"]
    assert "mandatory-flags" not in usage
    assert usage["report"] is usage["software-stack-deployment"]["report"] is True
    assert (PROJECT / "profiles").resolve() == PROJECT / "workflow/profiles"


def test_the_page_on_configuration_is_complete():
    page = read("config/README.md")
    named = set(re.findall(r"`([\w-]+\.yaml)`", page))
    assert {path.name for path in (PROJECT / "config").glob("*.yaml")} == named
    rows = re.findall(r"^\| `(\w+)` \|", page, re.M)
    assert set(rows) <= config_schema()["properties"].keys()
    assert set(config_schema()["required"]) <= set(rows)


def test_forms_for_issues_ask_for_something():
    forms = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (PROJECT / ".github").rglob("*.yml")
    }
    assert forms.pop("config") == {"blank_issues_enabled": True}
    assert forms.keys() == {"bug", "wish"}
    for form in forms.values():
        assert {"name", "description", "body"} <= form.keys()
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        assert all(field["attributes"]["label"] for field in fields)
        assert any(field.get("validations", {}).get("required") for field in fields)
    assert "patient data" in forms["bug"]["body"][0]["attributes"]["value"]


def run_in(*options, out):
    """Run Snakemake as the catalogue's users do, with another place for what it writes."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(out), *options]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout + ran.stderr


@pytest.fixture
def own_folder(tmp_path):
    """A folder with the configuration of `.test`."""
    (tmp_path / "config").symlink_to(PROJECT / ".test/config")
    return tmp_path


def test_the_test_folder_plans_its_own_config(own_folder):
    said = run_in("--dry-run", "--quiet", "rules", out=own_folder)
    # Two networks, each on one organ of one dataset; the demo has fourteen.
    assert re.search(r"^train +2$", said, re.M)
    assert "results/demo" not in said


@pytest.mark.slow
def test_the_test_folder_runs(own_folder):
    run_in(out=own_folder)
    assert (own_folder / "results/test/report.html").is_file()
    rows = Path(own_folder / "results/test/tables/main.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 4
