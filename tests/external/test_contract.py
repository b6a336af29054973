"""Training and prediction by somebody else's program: what it gets, what it leaves, and what is refused."""

import json
import os
import shlex
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.external.masks import foreign_mask, foreign_probability
from weakseg3d.external.predicting import predict
from weakseg3d.external.training import train
from weakseg3d.images.volumes import write_volume
from weakseg3d.report.results import read_run

FACTS = {"method": "theirs", "seed": 4, "settings": {"depth": 3}, "gpus": 0}
GRID = {"spacing": (2.0, 1.5, 4.0), "origin": (-10.0, 20.0, 5.0), "direction": oblique_direction()}


def python(code, *words):
    """Return a command that runs ``code`` in Python with the placeholders ``words`` as its arguments."""
    prelude = "import json, os, pathlib, shutil, sys; a = [pathlib.Path(word) for word in sys.argv[1:]]\n"
    return f"{shlex.join([sys.executable, '-c', prelude + code])} {' '.join(words)}"


@pytest.fixture
def cases(tmp_path):
    """Two cases with images and sparse targets, and the lists of both."""
    (tmp_path / "far").mkdir()
    lines = ["case,image,target"]
    for case in ("one", "two"):
        array = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
        write_volume(make_volume(array, **GRID), tmp_path / f"far/{case}_i.nii.gz")
        write_volume(make_volume((array % 3).astype(np.uint8), **GRID), tmp_path / f"far/{case}_t.nii.gz")
        lines.append(f"{case},far/{case}_i.nii.gz,far/{case}_t.nii.gz")
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def trained(folder, code="(a[2] / 'weights').write_text('w')", **options):
    command = python(code, "{cases}", "{recipe}", "{out}")
    train(FACTS, folder / "cases.csv", command, folder / "out", os.environ, **options)
    return folder / "out"


def predicted(folder, code):
    trained(folder)
    command = python(code, "{model}", "{images}", "{out}")
    given = {"model": folder / "out/model.json"}
    predict("method 'theirs', prediction", folder / "cases.csv", command, folder / "masks.json", os.environ, **given)
    return json.loads((folder / "masks.json").read_text(encoding="utf-8"))


def test_training_gets_copies_and_all_facts_and_leaves_its_folder(cases):
    code = (
        "(a[2] / 'sub').mkdir()\n"
        "files = sorted(str(p.relative_to(a[0])) for p in a[0].rglob('*') if p.is_file())\n"
        "table = (a[0] / 'cases.csv').read_text()\n"
        "(a[2] / 'sub' / 'seen.json').write_text(json.dumps([files, table, json.loads(a[1].read_text())]))\n"
        "(a[0] / 'images' / 'one.nii.gz').write_text('overwritten')"
    )
    before = (cases / "far/one_i.nii.gz").read_bytes()
    out = trained(cases, code)
    files, table, facts = json.loads((out / "model/sub/seen.json").read_text(encoding="utf-8"))
    assert files == [
        "cases.csv",
        *(f"{kind}/{case}.nii.gz" for kind in ("images", "targets") for case in ("one", "two")),
    ]
    assert table.splitlines()[1] == "one,images/one.nii.gz,targets/one.nii.gz"
    assert facts == FACTS | {"cases": ["one", "two"]}
    assert (cases / "far/one_i.nii.gz").read_bytes() == before, "the program gets copies"
    assert [*json.loads((out / "model.json").read_text(encoding="utf-8"))] == ["sub/seen.json"]
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert (run["external"], run["seed"], run["cases"]) == (True, 4, ["one", "two"])
    assert sorted(path.name for path in out.iterdir()) == [".weakseg3d", "model", "model.json", "run.json"]


def test_a_training_that_writes_nothing_has_failed(cases):
    with pytest.raises(UserError, match=r"method 'theirs', training: wrote nothing into .*model, its \{out\}"):
        trained(cases, "pass")
    assert not (cases / "out/model.json").exists()


@pytest.mark.parametrize(("resume", "found"), [(True, "['half']"), (False, "[]")])
def test_an_interrupted_training_finds_its_folder_only_if_it_can_resume(cases, resume, found):
    code = (
        "found = [p.name for p in a[2].iterdir()]; (a[2] / 'half').touch()\n"
        "(a[2] / 'found').write_text(str(found)) if os.environ.get('ALL') else sys.exit('interrupted')"
    )
    with pytest.raises(UserError, match="its last words: interrupted"):
        trained(cases, code, resume=resume)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALL", "1")
        out = trained(cases, code, resume=resume)
    assert (out / "model/found").read_text(encoding="utf-8") == found


def test_a_training_does_not_resume_from_other_inputs(cases):
    code = "n = len([*a[2].iterdir()]); (a[2] / 'half').touch(); sys.exit(str(n) + ' files')"
    for expected in ("0 files", "1 files"):
        with pytest.raises(UserError, match=expected):
            trained(cases, code, resume=True)
    array = np.ones((3, 4, 5), np.float32)
    write_volume(make_volume(array, **GRID), cases / "far/two_i.nii.gz")
    with pytest.raises(UserError, match="0 files"):
        trained(cases, code, resume=True)


def test_a_folder_that_is_not_ours_is_left_alone(cases):
    (cases / "out/model").mkdir(parents=True)
    (cases / "out/model/precious").touch()
    with pytest.raises(UserError, match="was not made by weakseg3d"):
        trained(cases)
    assert (cases / "out/model/precious").exists()


def test_prediction_gets_a_folder_of_images_and_gives_a_folder_of_masks(cases):
    masks = predicted(cases, "[shutil.copy(p, a[2]) for p in sorted(a[1].iterdir()) if (a[0] / 'weights').exists()]")
    assert [*masks] == ["one.nii.gz", "two.nii.gz"]
    assert (cases / "masks/one.nii.gz").read_bytes() == (cases / "far/one_i.nii.gz").read_bytes()


def annotated(folder):
    """Return the list of the two cases with annotations, which say their name."""
    lines = ["case,image,annotation"]
    for case in ("one", "two"):
        (folder / f"far/{case}.mrk.json").write_text(json.dumps(case), encoding="utf-8")
        lines.append(f"{case},far/{case}_i.nii.gz,far/{case}.mrk.json")
    (folder / "annotated.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "annotated.csv"


def prompted(folder, code, *words, facts=FACTS):
    """Segment the two cases without a model."""
    command = python(code, "{images}", "{out}", *words)
    what = "method 'theirs', prediction"
    predict(what, annotated(folder), command, folder / "masks.json", os.environ, facts=facts)


def test_a_prediction_without_a_model_gets_copies_of_the_annotations_and_all_facts(cases):
    code = (
        "facts = json.loads(a[3].read_text())\n"
        "assert (facts['settings']['depth'], facts['cases']) == (3, ['one', 'two']), facts\n"
        "files = sorted(a[2].iterdir())\n"
        "assert [json.loads(p.read_text()) for p in files] == ['one', 'two'], files\n"
        "[shutil.copy(p, a[1]) for p in a[0].iterdir()]; files[0].write_text('overwritten')"
    )
    prompted(cases, code, "{annotations}", "{recipe}")
    assert sorted(path.name for path in (cases / "masks").glob("*.gz")) == ["one.nii.gz", "two.nii.gz"]
    assert json.loads((cases / "far/one.mrk.json").read_text(encoding="utf-8")) == "one"


def test_annotations_that_the_command_does_not_name_are_not_given(cases):
    prompted(cases, "assert not (a[0].parent / 'annotations').exists(); shutil.copy(a[0] / 'one.nii.gz', a[1])")


def test_a_prediction_is_refused_what_it_is_not_given(cases):
    for word, message in (
        ("{model}", r"names \{model\}, which is not given"),
        ("{recipe}", r"names \{recipe\}"),
        ("{cases}", r"names \{cases\}, which is not given; it can name \{images\}"),
    ):
        with pytest.raises(UserError, match=message):
            prompted(cases, "pass", word, facts=None)
    command = python("pass", "{annotations}", "{images}", "{out}")
    with pytest.raises(UserError, match="cases.csv: has no column 'annotation'"):
        predict("method 'theirs', prediction", cases / "cases.csv", command, cases / "masks.json", os.environ)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("pass", r"wrote nothing into its \{out\}; it needs one.nii.gz"),
        ("(a[2] / 'log.txt').touch()", r"wrote 'log.txt' into its \{out\}, which may hold nothing but"),
        ("(a[2] / 'one.nii.gz').mkdir()", "wrote 'one.nii.gz' into"),
        ("os.symlink('/etc/passwd', a[2] / 'one.nii.gz')", "wrote 'one.nii.gz' into"),
        ("sys.exit('out of memory')", "method 'theirs', prediction: .* exit code 1; its last words: out of memory"),
    ],
)
def test_a_prediction_with_other_files_is_refused_and_leaves_none(cases, code, message):
    with pytest.raises(UserError, match=message):
        predicted(cases, code)
    assert not (cases / "masks").exists()
    assert not (cases / "masks.json").exists()


def labelled(folder, code):
    """Make pseudo labels of the two cases and return the exit code."""
    (folder / "facts.json").write_text(json.dumps(FACTS), encoding="utf-8")
    files = {"facts": "facts.json", "out": "labels/external.json", "record": "labels/run.json"}
    words = [word for name, file in files.items() for word in (f"--{name}", str(folder / file))]
    command = python(code, "{annotations}", "{recipe}", "{images}", "{out}")
    return main(
        ["external", "label", "--name", "theirs", "--cases", str(annotated(folder)), *words, "--command", command]
    )


def test_labels_are_made_like_predictions_and_what_they_took_is_recorded(cases):
    code = (
        "assert json.loads(a[1].read_text())['cases'] == ['one', 'two']\n"
        "[shutil.copy(a[2] / (json.loads(p.read_text()) + '.nii.gz'), a[3]) for p in a[0].iterdir()]"
    )
    assert labelled(cases, code) == 0
    assert [*json.loads((cases / "labels/external.json").read_text(encoding="utf-8"))] == ["one.nii.gz", "two.nii.gz"]
    run = read_run(cases / "labels/run.json")
    assert (run["recipe"]["settings"], run["cases"], run["seed"]) == (FACTS["settings"], ["one", "two"], 4)
    assert run["peak_memory_mb"] > 1


def test_labels_that_a_program_fails_to_make_are_none(cases, capsys):
    assert labelled(cases, "(a[3] / 'one.nii.gz').touch(); sys.exit('no licence')") == 2
    (sentence,) = capsys.readouterr().err.splitlines()[-1:]
    assert sentence.endswith("pseudo label 'theirs': 'python' ended with exit code 1; its last words: no licence")
    assert not (cases / "labels").exists() or not [*(cases / "labels").iterdir()]


def mask(folder, array, **grid):
    path = folder / "theirs.nii.gz"
    sitk.WriteImage(make_volume(array, **(GRID | grid)), str(path))
    return path


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.nii.gz"
    write_volume(make_volume(np.zeros((3, 4, 5), np.float32), **GRID), path)
    return str(path)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
def test_a_mask_of_any_type_is_taken_over_if_it_holds_0_and_1(tmp_path, image, kind):
    array = (np.arange(60).reshape(3, 4, 5) % 2).astype(kind)
    taken = foreign_mask(mask(tmp_path, array), [image])
    assert taken.GetPixelID() == sitk.sitkUInt8
    assert (sitk.GetArrayFromImage(taken) == array).all()


def test_a_mask_on_the_second_grid_is_taken_over(tmp_path, image):
    other = tmp_path / "scan.nii.gz"
    write_volume(make_volume(np.zeros((6, 4, 5), np.float32)), other)
    path = tmp_path / "theirs.nii.gz"
    sitk.WriteImage(make_volume(np.zeros((6, 4, 5), np.uint8)), str(path))
    assert foreign_mask(path, [image, str(other)]).GetSize() == (5, 4, 6)
    with pytest.raises(UserError, match=r"theirs.nii.gz and .*image.nii.gz: different grids \(size"):
        foreign_mask(path, [image])


@pytest.mark.parametrize(
    ("value", "grid", "message"),
    [
        (2, {}, "has the value 2, but a mask is 1 in the organ"),
        (255, {}, "has the value 255"),
        (0.5, {}, "must be whole numbers"),
        (-1.0, {}, "must be whole numbers from 0 to 255"),
        (np.nan, {}, "NaN or infinite"),
        (1, {"spacing": (2.0, 1.5, 4.1)}, r"different grids \(spacing differ\)"),
        (1, {"direction": tuple(np.eye(3).ravel())}, r"different grids \(direction differ\)"),
    ],
)
def test_a_mask_with_other_values_or_on_another_grid_is_refused(tmp_path, image, value, grid, message):
    array = np.zeros((3, 4, 5), np.asarray(value).dtype if isinstance(value, float) else np.uint8)
    array[1, 1, 1] = value
    with pytest.raises(UserError, match=message):
        foreign_mask(mask(tmp_path, array, **grid), [image])


def test_a_mask_that_is_missing_or_damaged_is_refused(tmp_path, image):
    with pytest.raises(UserError, match="theirs.nii.gz: was not written, so this case has no result"):
        foreign_mask(tmp_path / "theirs.nii.gz", [image])
    (tmp_path / "theirs.nii.gz").write_text("not a volume", encoding="utf-8")
    with pytest.raises(UserError, match="theirs.nii.gz: "):
        foreign_mask(tmp_path / "theirs.nii.gz", [image])


def test_a_soft_label_is_taken_over_if_it_holds_values_from_0_to_1(tmp_path, image, capsys):
    array = np.linspace(0, 1, 60, dtype=np.float32).reshape(3, 4, 5)
    command = [
        "adopt",
        "--soft",
        str(mask(tmp_path, array)),
        "--images",
        image,
        "--out",
        str(tmp_path / "label.nii.gz"),
    ]
    assert main([*command, "--uncertainty", str(tmp_path / "maps")]) == 2
    assert "--soft: a soft label has no further maps; leave out" in capsys.readouterr().err
    assert main(command) == 0
    taken = sitk.ReadImage(str(tmp_path / "label.nii.gz"))
    assert taken.GetPixelID() == sitk.sitkFloat32
    assert (sitk.GetArrayFromImage(taken) == array).all()
    (tmp_path / "label.nii.gz").unlink()
    for changed, grid, message in (
        (array + 0.5, {}, "from 0.5 to 1.5"),
        (array, {"spacing": (1.0, 1.0, 1.0)}, "grids"),
    ):
        mask(tmp_path, changed, **grid)
        assert main(command) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "label.nii.gz").exists()


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_probabilities_lie_between_0_and_1(tmp_path, image, value):
    array = np.full((3, 4, 5), 0.25, np.float32)
    assert sitk.GetArrayFromImage(foreign_probability(mask(tmp_path, array), [image])).max() == 0.25
    array[0, 0, 0] = value
    with pytest.raises(UserError, match="probabilities run from 0 to 1"):
        foreign_probability(mask(tmp_path, array), [image])
