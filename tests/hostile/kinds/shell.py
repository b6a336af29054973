"""Names that a shell would run or split, wherever a name is taken from the user."""

from kinds.attempt import Attempt
from kinds.material import import_arguments, write_dataset, write_organ, write_scan

NAMES = ("x$(touch pwned)", "`touch pwned`", "a;touch pwned", "a|touch pwned", "o'brien", "../x", "a\nb", "{case}", "")


def attempts():
    for name in NAMES:
        shown = repr(name)
        yield Attempt("shell", "organ", shown, _organ(name))
        yield Attempt("shell", "dataset", shown, lambda folder, n=name: import_arguments(dataset=n))
        yield Attempt("shell", "case", shown, _case(name))
        yield Attempt("shell", "label of a table", shown, _label(name), may_pass=True)


def _organ(name):
    def write(folder):
        _raw(folder)
        write_dataset(folder, organs={name: [1]})
        return import_arguments()

    return write


def _case(name):
    def write(folder):
        _raw(folder)
        write_dataset(folder)
        return [*import_arguments(), "--case", name]

    return write


def _raw(folder):
    (folder / "raw").mkdir()
    write_scan(folder / "raw", "a.nii.gz")
    write_organ(folder / "raw", "a_seg.nii.gz")


def _label(name):
    def write(folder):
        write_organ(folder)
        files = ["--prediction", "mask.nii.gz", "--reference", "mask.nii.gz", "--csv", "out.csv"]
        return ["evaluate", *files, "--label", f"method={name}"]

    return write
