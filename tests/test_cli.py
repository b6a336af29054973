"""The verbs on plain files: they start fast, have useful help, and report mistakes in one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.cli import VERBS, build_parser, main
from weakseg3d.images.volumes import write_volume
from weakseg3d.verbs import resample

SRC = Path(__file__).parents[1] / "src"
WITHOUT_TORCH = [verb for verb in VERBS if verb not in ("train", "distill", "validate", "predict", "segment", "export")]


@pytest.fixture
def files(tmp_path):
    """An image, its label map with organs 1 and 3, and the mask of organ 1."""
    label = np.zeros((10, 12, 14), np.uint8)
    label[2:8, 2:8, 2:8] = 1
    label[8:10, 8:12, 8:14] = 3
    write_volume(make_volume(label, (2, 2, 2)), tmp_path / "label.nii.gz")
    write_volume(make_volume((label == 1).astype(np.uint8), (2, 2, 2)), tmp_path / "mask.nii.gz")
    write_volume(make_volume(label.astype(np.float32), (2, 2, 2)), tmp_path / "image.nii.gz")
    return tmp_path


def run(files, command):
    """Run a verb; words that start with @ are files in the folder of the test."""
    return main([str(files / word[1:]) if word.startswith("@") else word for word in command.split()])


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example(verb):
    assert f"python -m weakseg3d {verb} " in build_parser(verb).format_help()


@pytest.mark.parametrize("verb", WITHOUT_TORCH)
def test_verbs_import_neither_torch_nor_monai(verb):
    name = "import_" if verb == "import" else verb
    code = (
        f"import sys; from weakseg3d.jobs.code_hash import imported_modules; import importlib\n"
        f"[importlib.import_module(m) for m in imported_modules('weakseg3d.verbs.{name}')]\n"
        "print([m for m in ('torch', 'monai', 'lightning') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env={"PYTHONPATH": str(SRC)}
    )
    assert printed.stdout.strip() == "[]", printed.stderr


def test_the_verbs_form_a_pipeline(files):
    assert run(files, "resample --in @label.nii.gz --out @label_1mm.nii.gz --kind label --spacing 1") == 0
    assert run(files, "resample --in @image.nii.gz --out @image_1mm.nii.gz --kind image --spacing 1") == 0
    assert run(files, "split --label @label_1mm.nii.gz --ids 1 --out @organ.nii.gz") == 0
    assert run(files, "annotate --mask @organ.nii.gz --out @clicks.mrk.json --seed 1 points --number 60") == 0
    arguments = "--annotation @clicks.mrk.json --image @image_1mm.nii.gz"
    assert run(files, f"pseudolabel {arguments} --out @soft.nii.gz gaussian --sigma 2") == 0
    assert run(files, "control --kind pseudo_label --source @soft.nii.gz --out @predicted.nii.gz") == 0
    assert run(files, "evaluate --prediction @predicted.nii.gz --reference @organ.nii.gz --csv @metrics.csv") == 0
    rows = (files / "metrics.csv").read_text(encoding="utf-8").splitlines()
    dice = float(next(row for row in rows if ",dice," in row).split(",")[8])
    assert dice > 0.8
    markups = json.loads((files / "clicks.mrk.json").read_text(encoding="utf-8"))["markups"][0]
    assert len(markups["controlPoints"]) == 60


@pytest.mark.parametrize("kind", ["seven-points", "box"])
def test_every_annotation_has_a_pseudo_label(files, kind):
    label = "geodesic" if kind == "seven-points" else "box"
    assert run(files, f"annotate --mask @mask.nii.gz --out @a.mrk.json {kind}") == 0
    assert run(files, f"pseudolabel --annotation @a.mrk.json --image @image.nii.gz --out @p.nii.gz {label}") == 0
    values = set(np.unique(sitk.GetArrayFromImage(sitk.ReadImage(str(files / "p.nii.gz")))).tolist())
    assert values <= {0, 1, 2}
    assert 1 in values


def test_annotated_slices_can_be_their_own_pseudo_label(files):
    assert run(files, "annotate --mask @mask.nii.gz --out @a.nii.gz slices --number 2") == 0
    assert run(files, "pseudolabel --annotation @a.nii.gz --image @image.nii.gz --out @p.nii.gz slices") == 0


def nan_image(files):
    array = np.zeros((4, 4, 4), np.float32)
    array[0, 0, 0] = np.nan
    sitk.WriteImage(make_volume(array), str(files / "nan.nii.gz"))


def cut_image(files):
    content = (files / "image.nii.gz").read_bytes()
    (files / "cut.nii.gz").write_bytes(content[: len(content) // 2])


def text_image(files):
    (files / "text.nii.gz").write_text("not an image", encoding="utf-8")


def empty_mask(files):
    write_volume(make_volume(np.zeros((4, 4, 4), np.uint8)), files / "empty.nii.gz")


def seven(files):
    run(files, "annotate --mask @mask.nii.gz --out @seven.mrk.json points --number 3")


def misspelt_recipe(files):
    (files / "recipe.yaml").write_text("method: m\nlerning_rate: 1\n", encoding="utf-8")
    (files / "cases.csv").write_text("case,image,target\n", encoding="utf-8")


MISTAKES = [
    ("resample --in @nowhere.nii.gz --out @out.nii.gz --kind image", None, "nowhere.nii.gz: no such file"),
    ("resample --in @cut.nii.gz --out @out.nii.gz --kind image", cut_image, "cut.nii.gz: truncated"),
    ("resample --in @text.nii.gz --out @out.nii.gz --kind image", text_image, "text.nii.gz: "),
    ("resample --in @nan.nii.gz --out @out.nii.gz --kind image", nan_image, "nan.nii.gz: "),
    ("split --label @label.nii.gz --ids 2 --out @out.nii.gz", None, "no voxel has label 2, only [1, 3]"),
    ("annotate --mask @empty.nii.gz --out @out.mrk.json points", empty_mask, "the mask is empty"),
    ("annotate --mask @label.nii.gz --out @out.mrk.json points", None, "not a binary mask"),
    ("annotate --mask @mask.nii.gz --out @out.mrk.json points --number 0", None, "must be at least 1"),
    ("annotate --mask @mask.nii.gz --out @out.json points", None, "a file name that ends in .mrk.json"),
    ("pseudolabel --annotation @nowhere --image @image.nii.gz --out @out.nii.gz gaussian", None, "no such file"),
    ("pseudolabel --annotation @seven.mrk.json --image @image.nii.gz --out @out.nii.gz geodesic", seven, "background"),
    (
        "pseudolabel --annotation @empty.nii.gz --image @image.nii.gz --out @out.nii.gz slices",
        empty_mask,
        "would be known",
    ),
    ("train --recipe @recipe.yaml --cases @cases.csv --out @out", misspelt_recipe, "unknown key 'lerning_rate'"),
    ("predict --model @nowhere.pt --image @image.nii.gz --out @out.nii.gz", None, "nowhere.pt: no such file"),
]


@pytest.mark.parametrize(
    ("command", "prepare", "message"), MISTAKES, ids=[m[0].split()[0] + str(i) for i, m in enumerate(MISTAKES)]
)
def test_a_mistake_is_reported_in_one_sentence_and_leaves_no_file(files, capsys, command, prepare, message):
    if prepare:
        prepare(files)
    before = set(files.rglob("*"))
    capsys.readouterr()
    assert run(files, command) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert set(files.rglob("*")) == before


@pytest.mark.parametrize(
    "command", ["anotate", "resample --kind image", "resample --in a --out b --kind image --spacing -1"]
)
def test_a_wrong_call_is_reported_in_one_sentence(capsys, command):
    with pytest.raises(SystemExit) as exit_info:
        main(command.split())
    assert exit_info.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("low", ["-5e-05", "-5E-5", "-.5e-4", "-5.e-05", "-0.00005"])
def test_negative_numbers_may_have_an_exponent(files, low):
    assert run(files, f"array --in @image.nii.gz --out @a.npy --window {low} 3") == 0
    assert run(files, f"perturb --image @image.nii.gz --out @p.nii.gz shift --offset {low}") == 0
    expected = np.clip((sitk.GetArrayFromImage(sitk.ReadImage(str(files / "image.nii.gz"))) + 5e-05) / 3.00005, 0, 1)
    assert np.load(files / "a.npy").sum() == pytest.approx(expected.sum(), rel=1e-5)


def numeric_options(parser, command):
    """Yield every option of a verb, and of its kinds, that takes numbers, as the words of a call without its value."""
    for action in parser._actions:
        if action.choices and isinstance(action.choices, dict):
            for name, kind in action.choices.items():
                yield from numeric_options(kind, [*command, name])
        elif action.option_strings and action.type is not None and action.nargs is None:
            yield [*command, action.option_strings[-1]]


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999", "9" * 5000, "x\n\x1b[31mred"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_option_takes_a_number_that_is_not_finite(capsys, verb, value):
    for words in numeric_options(build_parser(verb), []):
        *kind, option = words
        parser = build_parser(verb)
        for name in kind:
            parser = next(a.choices for a in parser._actions if isinstance(a.choices, dict))[name]
        with pytest.raises(SystemExit) as caught:
            parser.parse_args([f"{option}={value}"])
        assert caught.value.code == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert error.strip().isprintable()
        assert len(error) < 500


def test_any_other_exception_is_one_sentence_with_verb_file_and_traceback(files, capsys, monkeypatch, tmp_path):
    def fail(path):
        raise KeyError("weights\n" * 50)

    monkeypatch.setattr(resample, "read_image", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(files, "resample --in @image.nii.gz --out @out.nii.gz --kind image") == 70
    error = capsys.readouterr().err
    assert error.startswith(f"weakseg3d resample: stopped while it worked on {files / 'image.nii.gz'} by an unexpected")
    assert error.count("\n") == 1
    (traceback,) = tmp_path.glob("weakseg3d-*.traceback.txt")
    assert error.strip().endswith(str(traceback))
    assert "in fail" in traceback.read_text(encoding="utf-8")
    assert not (files / "out.nii.gz").exists()


def test_a_verb_that_cannot_be_imported_is_one_sentence_too(capsys, monkeypatch):
    def fail(name):
        raise ImportError("libfoo.so: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", fail)
    assert main(["resample"]) == 70
    assert "ImportError ('libfoo.so: cannot open shared object file')" in capsys.readouterr().err


def test_messages_show_values_shortened_and_without_terminal_codes(files, capsys):
    name = "a\n\x1b[31m" + "b" * 500
    assert main(["control", "--kind", "truth", "--source", name[:100], "--out", str(files / "o.nii.gz")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.strip().isprintable()
    assert main(["evaluate", "--prediction", "p", "--reference", "r", "--label", name]) == 2
    error = capsys.readouterr().err
    assert len(error) < 300
    assert error.strip().isprintable()


@pytest.mark.parametrize(
    "command", ["import btcv --raw raw", "report --metrics m.csv", "resample --in a.nii --kind image"]
)
def test_an_empty_output_is_not_the_current_folder(capsys, command):
    assert main([*command.split(), "--out", ""]) == 2
    assert "--out is empty; name what to write" in capsys.readouterr().err


def test_options_are_not_abbreviated(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["resample", "--in", "a.nii.gz", "--out", "b.nii.gz", "--kind", "image", "--spac", "2"])
    assert stopped.value.code == 2
    assert "--spac" in capsys.readouterr().err.replace("--spacing", "")
