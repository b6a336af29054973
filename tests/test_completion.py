"""The console command and what a shell completes for it."""

import shutil
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from weakseg3d.cli import VERBS, main

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The script for bash."""
    path = tmp_path_factory.mktemp("completion") / "weakseg3d.bash"
    with pytest.MonkeyPatch.context() as patch, open(path, "w", encoding="utf-8") as stream:
        patch.setattr("sys.stdout", stream)
        assert main(["completion", "bash"]) == 0
    return path


def completed(script, *words, folder="/"):
    """Return what bash offers for the last of ``words``, as it would after a press of the tab key."""
    commands = (
        'source "$0"; COMP_WORDS=(weakseg3d "$@"); COMP_CWORD=$#; '
        "$(complete -p weakseg3d | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    ran = subprocess.run(
        ["bash", "-c", commands, script, *words], capture_output=True, encoding="utf-8", cwd=folder, check=True
    )
    return ran.stdout.split()


def test_the_command_is_the_entry_point():
    (target,) = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"].items()
    name, function = target[1].split(":")
    assert target[0] == "weakseg3d"
    assert getattr(import_module(name), function) is main


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_verbs_options_and_choices_are_completed(script, tmp_path):
    assert set(completed(script, "")) >= set(VERBS)
    assert completed(script, "pred") == ["predict"]
    assert completed(script, "annotate", "--ma") == ["--mask"]
    assert completed(script, "annotate", "--mask", "m.nii.gz", "seven") == ["seven-points"]
    assert completed(script, "annotate", "--mask", "m.nii.gz", "points", "--numb") == ["--number"]
    assert completed(script, "new", "met") == ["method"]
    assert completed(script, "nonsense", "--ma") == []


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_files_and_folders_are_completed(script, tmp_path):
    (tmp_path / "scan.nii.gz").touch()
    (tmp_path / "scans").mkdir()
    assert set(completed(script, "split", "--label", "sc", folder=tmp_path)) == {"scan.nii.gz", "scans"}
    assert completed(script, "import", "--raw", "sc", folder=tmp_path) == ["scans"]


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_other_shells_get_a_script_of_all_verbs(capsys, shell):
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in VERBS)


def test_another_shell_is_rejected(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["completion", "dash"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
