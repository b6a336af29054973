"""Raw files into cases: one folder per case with image.nii.gz and label.nii.gz."""

from pathlib import Path

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder, whole_folder
from weakseg3d.progress import track
from weakseg3d.validation import choose
from weakseg3d.volumes import write_volume


def import_cases(dataset, raw, out, cases=None):
    """Write ``out``/CASE/{image,label}.nii.gz for ``cases`` (ids; all when None) of the raw folder ``raw``.

    ``dataset`` is a description (`load_dataset`). Raises UserError for a folder without cases, an unknown
    case id, and whatever the format's adapter refuses.
    """
    adapter, options = ADAPTERS[dataset["format"]], dataset["options"]
    found = adapter.find_cases(existing_folder(raw), options)
    if not found:
        raise UserError(f"{raw}: holds no cases of '{dataset['name']}'; expected is {adapter.LAYOUT}")
    chosen = list(found) if cases is None else [choose(case, found, f"{dataset['name']} case") for case in cases]
    for case in track(chosen, f"importing {dataset['name']}"):
        image, label = adapter.load_case(found[case], options)
        with whole_folder(Path(out) / case) as folder:
            write_volume(image, folder / "image.nii.gz")
            write_volume(label, folder / "label.nii.gz")
