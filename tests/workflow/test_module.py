"""The workflow as a Snakemake module of another one, under its own name and under another, from another folder."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml
from tiny_grid import PROJECT, copy_of_the_repository

SNAKEFILE = """\
configfile: "grid.yaml"


module {name}:
    snakefile:
        "{workflow}/Snakefile"
    config:
        config


use rule * from {name} as {prefix}*
"""

IDENTITY = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
"""Who commits, for git."""


def ours(tmp_path):
    """Return a copy of the repository, and a folder beside it with the tiny grid's config and data."""
    copy = copy_of_the_repository(tmp_path / "copy")
    shutil.copy(PROJECT / "profiles", copy / "profiles", follow_symlinks=False)
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.move(copy / "tiny.yaml", folder / "grid.yaml")
    shutil.move(copy / "scans", folder / "scans")
    return copy, folder


def snakemake(folder, *arguments):
    """Run Snakemake in ``folder`` and return what it printed."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=os.environ)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    return ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("name", "prefix", "target"),
    [
        ("weakseg3d", "", "8_predictions/hospital/spleen/none/truth/seed-0/0003.nii.gz"),
        ("weakseg3d", "weakseg3d_", "tables/provenance.json"),
        ("other_name", "ours_", "report.html"),
    ],
)
def test_another_workflow_uses_it(tmp_path, name, prefix, target):
    copy, folder = ours(tmp_path)
    text = SNAKEFILE.format(name=name, workflow=copy / "workflow", prefix=prefix)
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    assert f"{prefix}train" in snakemake(folder, "--dry-run", "--cores", "1")
    snakemake(folder, "--cores", "2", f"results/tiny/{target}")
    assert (folder / "results/tiny" / target).is_file()
    assert not (copy / "results").exists()


TWICE = """\
module first:
    snakefile:
        "{workflow}/Snakefile"
    config:
        config["first"]


use rule * from first as first_*


module second:
    snakefile:
        "{workflow}/Snakefile"
    config:
        config["second"]


use rule * from second as second_*


rule all:
    default_target: True
    input:
        rules.first_all.input,
        rules.second_all.input,
"""


def test_it_is_used_twice_with_two_configs(tmp_path):
    """The experiments differ in name, methods and seeds; each has its own jobs."""
    copy, folder = ours(tmp_path)
    (folder / "Snakefile").write_text('configfile: "two.yaml"\n' + TWICE.format(workflow=copy / "workflow"))
    config = yaml.safe_load((folder / "grid.yaml").read_text(encoding="utf-8"))
    second = config | {"experiment": "second", "methods": ["truth"], "overrides": {}, "seeds": [7]}
    (folder / "two.yaml").write_text(yaml.safe_dump({"first": config, "second": second}), encoding="utf-8")
    planned = snakemake(folder, "--dry-run", "--cores", "1")
    assert "results/tiny/report.html" in planned
    assert "results/second/report.html" in planned
    assert "first_train" in planned
    assert "second_train" not in planned
    target = "8_predictions/hospital/spleen/none/truth"
    paths = [f"results/tiny/{target}/seed-0/0003.nii.gz", f"results/second/{target}/seed-7/0003.nii.gz"]
    snakemake(folder, "--cores", "2", *paths)
    assert all((folder / path).is_file() for path in paths)


def test_two_copies_in_one_workflow_are_refused(tmp_path):
    """Python would run the code of one of them for both."""
    copy, folder = ours(tmp_path)
    other = copy_of_the_repository(tmp_path / "other")
    text = TWICE.format(workflow=copy / "workflow").replace(f"{copy}", f"{other}", 1)
    (folder / "Snakefile").write_text('configfile: "two.yaml"\n' + text, encoding="utf-8")
    config = yaml.safe_load((folder / "grid.yaml").read_text(encoding="utf-8"))
    (folder / "two.yaml").write_text(yaml.safe_dump({"first": config, "second": config}), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=os.environ)
    assert ran.returncode == 2
    assert "this Snakefile uses two copies of weakseg3d" in ran.stderr


def test_methods_datasets_and_splits_of_the_users_folder_come_first(tmp_path):
    copy, folder = ours(tmp_path)
    text = SNAKEFILE.format(name="weakseg3d", workflow=copy / "workflow", prefix="")
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    for kind, name in (("methods", "truth.yaml"), ("datasets", "hospital.yaml"), ("splits", "hospital.csv")):
        (folder / "config" / kind).mkdir(parents=True)
        shutil.copy(copy / "config" / kind / name, folder / "config" / kind / name)
    shutil.copy(folder / "config/methods/truth.yaml", folder / "config/methods/mine.yaml")
    for name in ("methods/truth.yaml", "datasets/hospital.yaml"):
        with open(folder / "config" / name, "a", encoding="utf-8") as stream:
            stream.write("# of our own\n")
    (folder / "config/splits/hospital.csv").write_text("case,split\n0001,test\n0002,train\n0003,train\n")
    config = yaml.safe_load((folder / "grid.yaml").read_text(encoding="utf-8"))
    config["methods"] = ["truth", "mine"]
    del config["overrides"]
    (folder / "grid.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    target = "results/tiny/8_predictions/hospital/spleen/none/mine/seed-0/0001.nii.gz"
    printed = snakemake(folder, "--cores", "2", target)
    assert (folder / target).is_file()
    for path in ("config/methods/truth.yaml", "config/datasets/hospital.yaml", "config/splits/hospital.csv"):
        assert f"{folder / path} takes the place of the repository's" in printed
    config["methods"] = ["nobody"]
    (folder / "grid.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=os.environ)
    assert ran.returncode == 2
    assert "unknown method 'nobody'; known are clicks_unet" in ran.stderr.replace("did you mean", "")
    assert "mine" in ran.stderr
    assert f"(in {folder}/config/methods or {copy}/config/methods)" in ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "    config:",
            '    prefix:\n        "sub"\n    config:',
            "`prefix` and `replace_prefix` of a module would move",
        ),
        ('"{workflow}/Snakefile"', 'gitfile("clone", path="workflow/Snakefile", ref="main")', "gitfile(...) cannot be"),
    ],
)
def test_what_would_fail_halfway_is_rejected(tmp_path, old, new, reason):
    copy, folder = ours(tmp_path)
    copy.rename(folder / "clone")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*IDENTITY, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *command], cwd=folder / "clone", check=True)
    text = SNAKEFILE.replace(old, new, 1).format(name="weakseg3d", workflow=folder / "clone/workflow", prefix="")
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=os.environ)
    assert ran.returncode == 2
    assert f"weakseg3d: {reason}" in ran.stderr


DEPLOYED = """\
configfile: "grid.yaml"


module weakseg3d:
    snakefile:
        github("someone/weakseg3d", path="workflow/Snakefile", branch="main")
    config:
        config


use rule * from weakseg3d
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A repository that git finds under an address of GitHub's, with what is in this working tree."""
    copy, folder = ours(tmp_path)
    bare = tmp_path / "server" / "someone" / "weakseg3d"
    for name in (".gitattributes", ".git_archival.txt", "LICENSE"):
        shutil.copy(PROJECT / name, copy / name)
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*IDENTITY, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", copy, bare], check=True)
    settings = f'[url "file://{tmp_path}/server/"]\n    insteadOf = https://github.com/\n'
    (tmp_path / "gitconfig").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=copy, capture_output=True, encoding="utf-8").stdout.strip()
    shutil.rmtree(copy)
    return folder, head


def test_it_is_used_from_a_server(server):
    folder, head = server
    (folder / "Snakefile").write_text(DEPLOYED, encoding="utf-8")
    (folder / "config/splits").mkdir(parents=True)
    target = "results/tiny/7_models/hospital/spleen/dense/dense_unet/seed-0/run.json"
    snakemake(folder, "--cores", "2", target, "results/tiny/tables/provenance.json")
    assert json.loads((folder / target).read_text(encoding="utf-8"))["git_commit"] == head


@pytest.fixture(scope="module")
def snakedeploy(tmp_path_factory):
    """The program, as PyPI has it, in an environment of its own."""
    venv = tmp_path_factory.mktemp("snakedeploy") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", "snakedeploy"], check=True)
    return venv / "bin/snakedeploy"


def check_deployed(deployed, folder):
    """Plan the demo in a folder that snakedeploy wrote, then run the grid of ``folder`` in place of it."""
    assert (deployed / "profiles/default/config.yaml").is_file()
    assert "paseg" in snakemake(deployed, "--dry-run")
    shutil.copytree(folder, deployed, dirs_exist_ok=True)
    shutil.move(deployed / "grid.yaml", deployed / "config/config.yaml")
    printed = snakemake(deployed, "--cores", "2")
    assert "phantom" not in printed
    assert (deployed / "results/tiny/report.html").is_file()


@pytest.mark.slow
def test_snakedeploy_deploys_it(server, tmp_path, snakedeploy):
    """It copies the config, and a run of the tiny grid needs nothing else."""
    folder, _ = server
    deploy = [snakedeploy, "deploy-workflow", "https://github.com/someone/weakseg3d", tmp_path / "deployed"]
    subprocess.run([*deploy, "--branch", "main"], check=True)
    check_deployed(tmp_path / "deployed", folder)


@pytest.mark.slow
def test_snakedeploy_deploys_a_local_clone(tmp_path, snakedeploy):
    """With the path of the Snakefile corrected, as docs/deploy.md says."""
    copy, folder = ours(tmp_path)
    subprocess.run([snakedeploy, "deploy-workflow", copy, tmp_path / "deployed", "--branch", "main"], check=True)
    snakefile = tmp_path / "deployed/workflow/Snakefile"
    written = snakefile.read_text(encoding="utf-8")
    assert written.count('"workflow/Snakefile"') == 1
    snakefile.write_text(written.replace("workflow/Snakefile", f"{copy}/workflow/Snakefile"), encoding="utf-8")
    check_deployed(tmp_path / "deployed", folder)
    assert not (copy / "results").exists()
