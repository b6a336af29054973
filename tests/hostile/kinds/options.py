"""Options of the command line: numbers out of range or no numbers, outputs that cannot be written."""

import itertools

from kinds.attempt import Attempt
from kinds.material import write_organ, write_scan

NOT_FINITE = ("nan", "inf", "-inf", "1e999", "x", "", "1,5", "0x10")

OPTIONS = {
    "spacing": ("resample --in image.nii.gz --out o.nii.gz --kind image --spacing={}", ("0", "-1", "1e-9", "0.001")),
    "window": ("array --in image.nii.gz --out o.npy --window {} 5", ("5", "9")),
    "percentiles": ("array --in image.nii.gz --out o.npy --percentiles {} 50", ("-5", "50", "101")),
    "points": ("annotate --mask mask.nii.gz --out o.mrk.json points --number={}", ("0", "-1", "1.5", "9" * 30)),
    "seed": ("annotate --mask mask.nii.gz --out o.mrk.json --seed={} points", ("-1", "1.5", "9" * 30)),
    "share": ("annotate --mask mask.nii.gz --out o.mrk.json points --candidate-share={}", ("0", "-1", "2")),
    "every": ("annotate --mask mask.nii.gz --out o.nii.gz slices --every={}", ("0", "-3", "1.5")),
    "jitter": ("annotate --mask mask.nii.gz --out o.mrk.json box --jitter={}", ("-1",)),
    "tolerance": ("evaluate --prediction mask.nii.gz --reference mask.nii.gz --nsd-tolerance={}", ("-1",)),
    "noise": ("perturb --image image.nii.gz --out o.nii.gz noise --std={}", ("-1",)),
    "thickness": ("perturb --image image.nii.gz --out o.nii.gz thick-slices --thickness={}", ("-1", "0")),
}

OUTPUTS = ("", ".", "thesis", "notes.txt/o.nii.gz", "/dev/null/o.nii.gz", "a" * 300 + ".nii.gz", "o.xyz", "/dev/full")


def attempts():
    for name, (command, values) in OPTIONS.items():
        for value in itertools.chain(NOT_FINITE[:3] if name == "tolerance" else NOT_FINITE, values):
            yield Attempt("options", "numbers", f"{name} {value[:20] or '(empty)'}", _command(command, value))
    for out in OUTPUTS:
        command = ["resample", "--in", "image.nii.gz", "--kind", "image", "--out", out]
        yield Attempt("options", "output", out[:30] or "(empty)", _words(command))
    for words in ([], ["unknown"], ["resample"], ["resample", "--unknown"], ["resample", "\x1b[31m"], ["x" * 5000]):
        yield Attempt("options", "arguments", " ".join(words)[:30].strip("\x1b") or "(none)", _words(words))


def _command(command, value):
    return _words([word.format(value) for word in command.split()])


def _words(words):
    def write(folder):
        write_scan(folder)
        write_organ(folder)
        return words

    return write
