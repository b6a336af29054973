"""The pages of ``docs/`` as a site: all are in its navigation, every link and anchor leads somewhere, and it builds."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from weakseg3d.cli import VERBS, build_parser

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OUTSIDE = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
PROGRAM = re.compile(r"^(?:python|weakseg3d|snakemake|make|pip)\s", re.M)


class _Settings(yaml.SafeLoader):
    """Reads MkDocs' settings, in which functions are named by tags."""


_Settings.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)


def settings():
    return yaml.load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"), _Settings)


def pages_of(entry):
    """Return the pages that a part of the navigation names."""
    if isinstance(entry, str):
        return [entry]
    return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in pages_of(part)]


def prose(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """Return the anchors of a page's headings: small letters, digits and hyphens in place of spaces."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower().strip()).replace(" ", "-") for heading in headings}


def test_the_navigation_names_every_page_once():
    named = pages_of(settings()["nav"])
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)


def test_the_list_of_pages_names_every_page():
    listed = {target for target, _ in LINK.findall(prose(DOCS / "README.md"))}
    assert listed == {page.relative_to(DOCS).as_posix() for page in PAGES} - {"README.md"}


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_and_anchors_lead_somewhere(page):
    for target, anchor in LINK.findall(prose(page)):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or file.suffix != ".md" or anchor in anchors(file), f"{target}#{anchor}"


def test_commands_that_no_test_runs_say_why():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.finditer(r"^```text\n(.*?)^```", text, re.M | re.S):
            # Of the verbs' help, the arguments are checked below.
            if PROGRAM.search(block[1]) and page.name != "verbs.md":
                assert text[: block.start()].endswith("-->\n\n"), f"{page.name}: {block[1]}"


def test_the_examples_of_the_verbs_have_valid_arguments():
    text = (DOCS / "reference/verbs.md").read_text(encoding="utf-8").replace("\\\n", " ")
    examples = re.findall(r"^python -m weakseg3d (.+)$", text, re.M)
    assert len(examples) >= len(VERBS)
    for example in examples:
        verb, *arguments = shlex.split(example, comments=True)
        if not {"|", ">", "&&"} & set(arguments):
            build_parser(verb).parse_args(arguments)


def test_nothing_on_the_site_comes_from_elsewhere():
    content = settings()
    assert content["theme"]["font"] is False
    assert content["strict"] is True
    named = [*content["extra"]["polyfills"], *content["extra_css"]]
    assert all((DOCS / file).is_file() for file in named)


@pytest.mark.slow
def test_the_site_builds_and_holds_formulas(tmp_path):
    """In a copy, by the command that the README of the pages names."""
    shutil.copytree(DOCS, tmp_path / "docs")
    for name in ("Makefile", "mkdocs.yml", "requirements-docs.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    ran = subprocess.run(["make", "docs"], cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    built = (tmp_path / "site/explanation/methods.html").read_text(encoding="utf-8")
    assert built.count("<math") >= 20
    assert "arithmatex" not in built
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text(encoding="utf-8"))
        assert not loaded, page
