"""Is the model better after annotating the scans that `suggest` names next than after as many random ones?

In each repetition, with phantom patients of its own, a model learns the spleen from a few annotated scans; the others
are ranked by its uncertainty exactly as `segment` and `suggest` do. Then the same training is run with the first
scans of that order added, and with random ones. Compared is the mean Dice on further scans. Annotated means with full
masks here, so that nothing but the choice of the scans differs.
"""

import multiprocessing
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from measure import TINY, sized

METHOD = "dense_unet"
"""With the preset `cpu`."""
SPACING = 5.0
"""In mm."""
ORGAN, LABEL, WINDOW = "spleen", 1, [-100, 240]
START, POOL, ADDED, TEST = sized((2, 12, 2, 10), tiny=(1, 3, 1, 2))
"""Scans that are annotated first, that may be annotated, that are added, and on which Dice is measured."""
DRAWS = sized(2, tiny=1)
"""Random choices in each repetition."""
SEEDS = sized(range(6), tiny=range(2))
"""One repetition each: they determine patients, random choices and trainings."""
PROCESSES = 2
TINY_SIZES = {
    "network": {"unet": {"channels": [2, 4, 8]}},
    "training": {"patch_size": [16, 16, 16], "steps": 2, "schedule": {"warmup_steps": 1}},
}


def recipe_for(seed):
    """Return the recipe of all trainings of a repetition."""
    from weakseg3d.experiment.presets import preset_changes
    from weakseg3d.experiment.recipes import checked_recipe, load_method, merged, recipe_of

    method = load_method(METHOD, merged(preset_changes("cpu", [METHOD])[METHOD], TINY_SIZES if TINY else {}))
    recipe = recipe_of(METHOD, method, seed=seed, threads=1, spacing=SPACING, intensity={"window": WINDOW})
    return checked_recipe(recipe, "the benchmark's recipe")


def write_cases(seed, folder):
    """Write image and mask of all scans of a repetition, resampled, and return their images and masks."""
    from weakseg3d.images.masks import organ_mask
    from weakseg3d.images.resampling import resample_image, resample_label
    from weakseg3d.images.volumes import write_volume
    from weakseg3d.phantom.ct import ct_case

    cases = []
    for number in range(START + POOL + TEST):
        image, label = ct_case(1000 + seed, number + 1)
        image = resample_image(image, SPACING)
        mask = resample_label(organ_mask(label, [LABEL], "the phantom"), SPACING)
        write_volume(image, folder / f"{number}.nii.gz")
        write_volume(mask, folder / f"{number}_mask.nii.gz")
        cases.append((image, mask))
    return cases


def trained(recipe, numbers, folder):
    """Return the network that learnt from the scans with these ``numbers``."""
    from weakseg3d.inference.model import load_model
    from weakseg3d.training.run import train

    out = Path(tempfile.mkdtemp(dir=folder))
    lines = [f"{number},{folder}/{number}.nii.gz,{folder}/{number}_mask.nii.gz\n" for number in sorted(numbers)]
    (out / "cases.csv").write_text("case,image,target\n" + "".join(lines), encoding="utf-8")
    train(recipe, out / "cases.csv", out)
    return load_model(out / "model.pt")[0]


def mean_dice(network, recipe, cases):
    """Return the mean Dice over ``cases``, pairs of image and mask."""
    import SimpleITK as sitk

    from weakseg3d.evaluation.compare import compare
    from weakseg3d.inference.prediction import predict

    scores = []
    for image, mask in cases:
        probability = sitk.GetArrayFromImage(predict(network, recipe, image)[0])
        predicted = probability > recipe["prediction"]["threshold"]
        scores.append(compare(predicted, sitk.GetArrayFromImage(mask), [SPACING] * 3)[0]["dice"])
    return float(np.mean(scores))


def suggested(network, recipe, cases):
    """Return the positions of the ``cases`` to annotate, in the order of `suggest`."""
    from weakseg3d.segmentation.organs import segment
    from weakseg3d.segmentation.suggestion import ranked

    found = [segment(image, [(network, recipe)])[1][0] for image, _ in cases]
    bits = {str(number): {ORGAN: organ.uncertainty_bits} for number, organ in enumerate(found)}
    return [int(suggestion.scan) for suggestion in ranked(bits)]


def repetition(seed):
    """Return the mean Dice of the first model, of the one with suggested scans, and of those with random ones."""
    recipe, rng = recipe_for(seed), np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cases = write_cases(seed, folder)
        first, pool, test = range(START), range(START, START + POOL), cases[START + POOL :]
        learn = partial(trained, recipe, folder=folder)
        network = learn(first)
        order = suggested(network, recipe, [cases[number] for number in pool])
        choices = [[pool[k] for k in order[:ADDED]]]
        choices += [rng.choice(pool, ADDED, replace=False).tolist() for _ in range(DRAWS)]
        after, *random = (mean_dice(learn([*first, *chosen]), recipe, test) for chosen in choices)
        return mean_dice(network, recipe, test), after, random


def repetitions():
    """Yield the results of all repetitions in their order; two run at a time."""
    if TINY:
        yield from map(repetition, SEEDS)
        return
    with multiprocessing.get_context("spawn").Pool(PROCESSES, maxtasksperchild=1) as processes:
        yield from processes.imap(repetition, SEEDS)


def main():
    """Print one line per repetition, then the means and the interval of the difference."""
    from weakseg3d.statistics.intervals import interval_of_means

    print(f"Dice of the {ORGAN} on {TEST} scans; {START} annotated, {ADDED} of {POOL} added, {DRAWS} random choices")
    print(f"{'seed':>4} {'before':>8} {'suggested':>10} {'random':>8} {'difference':>11}")
    rows = []
    for seed, (before, after, random) in zip(SEEDS, repetitions(), strict=True):
        rows.append([before, after, np.mean(random), after - np.mean(random)])
        print(f"{seed:4} {rows[-1][0]:8.3f} {rows[-1][1]:10.3f} {rows[-1][2]:8.3f} {rows[-1][3]:+11.3f}", flush=True)
    means = np.mean(rows, axis=0)
    low, high = interval_of_means([row[3] for row in rows])
    print(f"mean {means[0]:8.3f} {means[1]:10.3f} {means[2]:8.3f} {means[3]:+11.3f}")
    print(f"suggested minus random: {means[3]:+.3f}, 95 % interval {low:+.3f} to {high:+.3f} ({len(rows)} repetitions)")


if __name__ == "__main__":
    main()
