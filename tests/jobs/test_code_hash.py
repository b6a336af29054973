"""A verb's hash follows the modules it uses, and no others."""

from weakseg3d.jobs.code_hash import imported_modules


def test_training_does_not_depend_on_evaluation_and_the_other_way_round():
    assert not any("evaluation" in module or "report" in module for module in imported_modules("weakseg3d.verbs.train"))
    assert not any(
        "training" in module or "losses" in module for module in imported_modules("weakseg3d.verbs.evaluate")
    )


def test_imports_inside_functions_count():
    assert "weakseg3d.evaluation.metrics" in imported_modules("weakseg3d.verbs.evaluate")
    assert "weakseg3d.losses.pw4medseg" in imported_modules("weakseg3d.verbs.train")
    assert "weakseg3d.networks.pmsa" in imported_modules("weakseg3d.verbs.predict")
    assert "weakseg3d.annotations.points" in imported_modules("weakseg3d.verbs.annotate")
