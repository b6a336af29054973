"""A verb's hash follows the modules it uses, and no others."""

import pytest

from weakseg3d.jobs.code_hash import code_hash, imported_modules, statements


def test_training_does_not_depend_on_evaluation_and_the_other_way_round():
    assert not any("evaluation" in module or "report" in module for module in imported_modules("weakseg3d.verbs.train"))
    assert not any(
        "training" in module or "losses" in module for module in imported_modules("weakseg3d.verbs.evaluate")
    )


def test_imports_inside_functions_count():
    assert "weakseg3d.evaluation.metrics" in imported_modules("weakseg3d.verbs.evaluate")
    assert "weakseg3d.training.objective" in imported_modules("weakseg3d.verbs.train")
    assert "weakseg3d.networks.noise" in imported_modules("weakseg3d.verbs.predict")
    assert "weakseg3d.annotations.markups" in imported_modules("weakseg3d.verbs.annotate")


def test_networks_and_losses_count_only_where_they_are_chosen():
    """They are loaded by name, and so is everything that only they import."""
    for verb in ("train", "distill", "predict", "annotate", "pseudolabel"):
        modules = imported_modules(f"weakseg3d.verbs.{verb}")
        for unused in (*CHOSEN, "annotations.points", "pseudo_labels.gaussian"):
            assert f"weakseg3d.{unused}" not in modules
    plain, others = code_hash("train"), {code_hash("train", (f"weakseg3d.{name}",)) for name in CHOSEN}
    assert len({plain, *others}) == 1 + len(CHOSEN)
    assert "weakseg3d.networks.pmsa" in imported_modules("weakseg3d.networks.ptn")


CHOSEN = ("networks.ptn", "networks.unet", "losses.focal", "regularisers.gated_crf")
CODE = """\
\"\"\"What it does.\"\"\"

SIZE = 3
\"\"\"Its size.\"\"\"


def double(x):
    \"\"\"Return twice ``x``.\"\"\"
    return 2 * x  # exactly
"""


@pytest.mark.parametrize("change", ["What it does", "Its size", "Return twice", "  # exactly", "\n\n\n"])
def test_words_about_the_code_do_not_count(tmp_path, change):
    for name, code in (("a", CODE), ("b", CODE.replace(change, "\n"))):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    assert statements(tmp_path / "a.py") == statements(tmp_path / "b.py")


@pytest.mark.parametrize(("part", "other"), [("3", "4"), ("2 * x", "x * 2"), ("double", "twice")])
def test_the_code_itself_counts(tmp_path, part, other):
    for name, code in (("a", CODE), ("b", CODE.replace(part, other))):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    assert statements(tmp_path / "a.py") != statements(tmp_path / "b.py")
