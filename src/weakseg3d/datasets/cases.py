"""Raw files into cases: one folder per case with image.nii.gz and label.nii.gz."""

from pathlib import Path

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder, whole_folder
from weakseg3d.images.volumes import write_volume
from weakseg3d.progress import track
from weakseg3d.schemas import choose


def import_cases(dataset, raw, out, cases=None):
    """Write ``out``/CASE/{image,label}.nii.gz for ``cases`` (ids; all when None) of the raw folder ``raw``.

    ``dataset`` is a description (`load_dataset`). Raises UserError for a folder without cases, an unknown
    case id, and whatever the format's adapter refuses.
    """
    adapter, options = ADAPTERS[dataset["format"]], dataset["options"]
    found = cases_in(dataset, existing_folder(raw))
    chosen = list(found) if cases is None else [choose(case, found, f"{dataset['name']} case") for case in cases]
    for case in track(chosen, f"importing {dataset['name']}"):
        image, label = adapter.load_case(found[case], options)
        with whole_folder(Path(out) / case) as folder:
            write_volume(image, folder / "image.nii.gz")
            write_volume(label, folder / "label.nii.gz")


def cases_in(dataset, raw, named=None):
    """Return ``{case: sources}`` of the raw folder ``raw``.

    Raises UserError, which names ``named`` (or ``raw``), when it holds no case.
    """
    found = ADAPTERS[dataset["format"]].find_cases(raw, dataset["options"])
    if not found:
        raise UserError(
            f"{named or raw}: holds no cases of '{dataset['name']}'; expected is {expected_layout(dataset)}"
        )
    return found


def expected_layout(dataset):
    """Return where the files of ``dataset`` should lie, with the options that its description gives."""
    given = ", ".join(f"{key}: {value}" for key, value in dataset["options"].items())
    return ADAPTERS[dataset["format"]].LAYOUT + (f" (options are {given})" if given else "")
