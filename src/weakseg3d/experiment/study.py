"""A study: methods crossed with the levels of factors, each combination a variant of a method."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from weakseg3d.experiment.recipes import load_method, merged
from weakseg3d.experiment.trials import Selection, check_settings, settings_of, validation_share
from weakseg3d.experiment.variants import variant_name
from weakseg3d.schemas import choose

NO_STUDY: dict[str, Any] = {"methods": [], "factors": {}, "per_method": {}}


def study_variants(study: dict[str, Any], changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``{name: method}`` of the methods of a study, crossed with the levels of its factors.

    ``study`` is what the config holds under this key, ``changes`` what it changes in the methods, ``{method: {...}}``.
    Raises UserError for unknown methods, factors and levels under ``per_method``, and for a variant that `load_method`
    rejects.
    """
    _check_per_method(study)
    return {
        variant_name(method, levels): load_method(method, varied)
        for method, levels, varied in _combinations(study, changes)
    }


def study_trials(
    study: dict[str, Any], variants: dict[str, dict[str, Any]], changes: dict[str, Any]
) -> tuple[Selection | None, dict[str, dict[str, Any]]]:
    """Return the `Selection` of a study, None without one, and ``{name: method}`` of all trials of its ``variants``.

    ``study`` and ``changes`` are those of `study_variants`. Raises UserError as `settings_of`, `check_settings`,
    `validation_share` and `load_method` do.
    """
    settings = settings_of(study)
    if not settings:
        return None, {}
    selected: dict[str, tuple[str, ...]] = {}
    methods: dict[str, dict[str, Any]] = {}
    for method, levels, varied in _combinations(study, changes):
        variant, trials = variant_name(method, levels), {}
        for setting in settings[method]:
            tried = varied
            for key, level in setting.items():
                tried = merged(tried, study["select"]["settings"][method][key][level])
            trials[variant_name(method, levels | setting)] = load_method(method, tried)
        check_settings(variant, variants[variant], trials)
        selected[variant] = tuple(trials)
        methods |= trials
    return Selection(selected, validation_share(study["select"])), methods


def _combinations(
    study: dict[str, Any], changes: dict[str, Any]
) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Yield every method, its levels ``{factor: level}``, and what they and ``changes`` change in its YAML."""
    for method in study["methods"]:
        own = study["per_method"].get(method, {})
        for combination in product(*study["factors"].values()):
            levels = dict(zip(study["factors"], combination, strict=True))
            varied = changes.get(method, {})
            for factor, level in levels.items():
                varied = merged(varied, study["factors"][factor][level])
                varied = merged(varied, own.get(factor, {}).get(level, {}))
            yield method, levels, varied


def with_text_levels(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config with the levels of a study as text: YAML reads ``25:`` as a number."""
    study = config.get("study")
    if not isinstance(study, dict):
        return config
    per_method = study.get("per_method", {})
    if isinstance(per_method, dict):
        per_method = {method: _text_levels(factors) for method, factors in per_method.items()}
    levels = {"factors": _text_levels(study["factors"])} if "factors" in study else {}
    select = study.get("select")
    if isinstance(select, dict) and isinstance(select.get("settings"), dict):
        settings = {method: _text_levels(keys) for method, keys in select["settings"].items()}
        levels["select"] = {**select, "settings": settings}
    return {**config, "study": {**study, **levels, "per_method": per_method}}


def _text_levels(factors: Any) -> Any:
    """Return ``{factor: {level: changes}}`` with the levels as text; what has another form is left to the schema."""
    if not isinstance(factors, dict):
        return factors
    return {
        factor: {str(level): changes for level, changes in levels.items()} if isinstance(levels, dict) else levels
        for factor, levels in factors.items()
    }


def _check_per_method(study: dict[str, Any]) -> None:
    for method, factors in study["per_method"].items():
        choose(method, study["methods"], "method in 'study.per_method'")
        for factor, levels in factors.items():
            choose(factor, list(study["factors"]), f"factor in 'study.per_method.{method}'")
            for level in levels:
                choose(level, list(study["factors"][factor]), f"level in 'study.per_method.{method}.{factor}'")
