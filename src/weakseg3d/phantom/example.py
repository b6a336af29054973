"""A small example to try commands on: scans of the phantom, two with clicks and one without."""

import os
from pathlib import Path

from weakseg3d.files import whole_file
from weakseg3d.images.volumes import write_volume
from weakseg3d.ownership import claim
from weakseg3d.phantom.ct import ct_case

CLICKS = Path(__file__).parent / "clicks"
"""The clicks on the first two cases of `SEED`, one scene of 3D Slicer's for each scan, with a list for each organ.

They were placed by `annotate points` and moved by a hand's jitter of 2 mm.
"""
SEED = 7
SCANS = {"clicked/scan_1": 1, "clicked/scan_2": 2, "new/scan_3": 3}
"""The scans, and the cases of the phantom that they are."""


def write_example(folder: str | os.PathLike[str]) -> list[Path]:
    """Write the scans (int16, HU) and the clicks into ``folder`` and return the paths of the files.

    Raises UserError if a file that is not ours is in the way.
    """
    names = {f"{name}.nii.gz": case for name, case in SCANS.items()}
    clicks = {f"clicked/{path.name}": path for path in sorted(CLICKS.glob("*.mrk.json"))}
    for part in ("clicked", "new"):
        claim(Path(folder) / part, [Path(name).name for name in [*names, *clicks] if name.startswith(part)])
    for name, case in names.items():
        write_volume(ct_case(SEED, case)[0], Path(folder) / name)
    for name, path in clicks.items():
        with whole_file(Path(folder) / name) as partial:
            partial.write_bytes(path.read_bytes())
    return [Path(folder) / name for name in [*names, *clicks]]
