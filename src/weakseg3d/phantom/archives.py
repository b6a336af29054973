"""The phantom packed like the real datasets: ``RawData.zip`` of BTCV (CT), ``CHAOS_Train_Sets.zip`` of CHAOS (MR).

Cases are generated, written and packed one at a time. Two runs with the same seed give byte-identical archives, as
files have a fixed date and DICOM identifiers that are derived from seed and case. (In a process that has already read
DICOM files, GDCM also writes the trivial rescale tags, which changes the bytes but not the voxels.)
"""

import os
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from weakseg3d.files import whole_file
from weakseg3d.ownership import claim
from weakseg3d.packing import pack
from weakseg3d.phantom import ARCHIVE_NAMES
from weakseg3d.phantom.ct import ct_case
from weakseg3d.phantom.mr import LABEL_IDS, mr_case
from weakseg3d.progress import track

GREY_LEVELS = {"liver": 63, "right_kidney": 126, "left_kidney": 189, "spleen": 252}
"""Grey level of each organ in the MR masks of CHAOS."""

UID_ROOT = "2.25.8372"
"""Root of the DICOM identifiers; anyone may use the branch 2.25."""


def write_archive(modality: str, cases: int, seed: int, folder: str | os.PathLike[str]) -> Path:
    """Write ``cases`` cases of ``modality`` (``ct`` or ``mr``) to ``folder`` and return the path of the archive.

    Raises UserError if ``folder`` has an archive of this name that is not ours.
    """
    path = Path(folder) / ARCHIVE_NAMES[modality]
    claim(folder, [path.name])
    write_case = {"ct": write_btcv_case, "mr": write_chaos_case}[modality]
    with whole_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for case in track(range(1, cases + 1), f"{modality} phantom"):
            with tempfile.TemporaryDirectory() as scratch:
                write_case(Path(scratch), seed, case)
                pack(archive, Path(scratch))
    return path


def write_btcv_case(root: Path, seed: int, case: int) -> None:
    """Write one CT case below ``root`` in the layout of BTCV: ``RawData/Training/{img,label}/…nii.gz``."""
    image, label = ct_case(seed, case)
    for kind, volume in (("img", image), ("label", label)):
        folder = root / "RawData" / "Training" / kind
        folder.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(volume, str(folder / f"{kind}{case:04d}.nii.gz"), useCompression=True, compressionLevel=1)


def write_chaos_case(root: Path, seed: int, case: int) -> None:
    """Write one MR case below ``root`` in the layout of CHAOS: ``Train_Sets/MR/{case}/{T1DUAL,T2SPIR}/…``.

    As in the real dataset, the name of a slice does not reveal its position: in every second case (2, 4, …) names
    run from head to feet, in all others from feet to head. The two phases of T1DUAL share one sequence of numbers.
    """
    scans = mr_case(seed, case)
    home = root / "Train_Sets" / "MR" / str(case)
    t1, t2 = scans["T1DUAL"], scans["T2SPIR"]
    slices = t1["label"].GetDepth()
    in_names = [f"IMG-0004-{2 * n:05d}" for n in range(1, slices + 1)]
    out_names = [f"IMG-0004-{2 * n - 1:05d}" for n in range(1, slices + 1)]
    t2_names = [f"IMG-0003-{n:05d}" for n in range(1, t2["label"].GetDepth() + 1)]
    if case % 2 == 0:
        in_names, out_names, t2_names = in_names[::-1], out_names[::-1], t2_names[::-1]
    series = (
        ("T1DUAL/DICOM_anon/InPhase", t1["in_phase"], in_names, "T1 in phase"),
        ("T1DUAL/DICOM_anon/OutPhase", t1["out_phase"], out_names, "T1 out of phase"),
        ("T2SPIR/DICOM_anon", t2["image"], t2_names, "T2 SPIR"),
    )
    for number, (folder, image, names, description) in enumerate(series, start=1):
        uid = f"{UID_ROOT}.{seed}.{case}.{number}"
        _write_dicom_series(home / folder, image, names, case, uid, description)
    _write_masks(home / "T1DUAL" / "Ground", t1["label"], in_names)
    _write_masks(home / "T2SPIR" / "Ground", t2["label"], t2_names)


def _write_dicom_series(
    folder: Path, image: sitk.Image, names: Sequence[str], case: int, uid: str, description: str
) -> None:
    """Write ``image`` as one DICOM file per slice; the slice with index k gets the k-th of ``names``."""
    folder.mkdir(parents=True)
    direction = np.reshape(image.GetDirection(), (3, 3))
    tags = {
        "0008|0008": "DERIVED\\SECONDARY",
        "0008|0016": "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
        "0008|0020": "20000101",
        "0008|0030": "000000",
        "0008|0060": "MR",
        "0008|103e": description,
        "0010|0010": f"PHANTOM^{case}",
        "0010|0020": str(case),
        "0018|0050": f"{image.GetSpacing()[2]:.6f}",
        "0018|0088": f"{image.GetSpacing()[2]:.6f}",
        "0020|000d": uid.rsplit(".", 1)[0],
        "0020|000e": uid,
        "0020|0052": uid + ".0",
        "0020|0037": _decimals(direction[:, :2].T.ravel()),
    }
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for index, name in enumerate(names):
        plane = image[:, :, index]
        for tag, value in tags.items():
            plane.SetMetaData(tag, value)
        plane.SetMetaData("0020|0032", _decimals(image.TransformIndexToPhysicalPoint((0, 0, index))))
        plane.SetMetaData("0020|0013", str(int(name[-5:])))
        plane.SetMetaData("0008|0018", f"{uid}.{index + 1}")
        writer.SetFileName(str(folder / f"{name}.dcm"))
        writer.Execute(plane)


def _write_masks(folder: Path, label: sitk.Image, names: Sequence[str]) -> None:
    folder.mkdir(parents=True)
    table = np.zeros(256, np.uint8)
    for organ, grey in GREY_LEVELS.items():
        table[LABEL_IDS[organ]] = grey
    for plane, name in zip(table[sitk.GetArrayViewFromImage(label)], names, strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(plane), str(folder / f"{name}.png"))


def _decimals(numbers: Iterable[float]) -> str:
    """Return numbers as a DICOM decimal string of at most 16 characters each."""
    return "\\".join(f"{number:.10f}"[:16] for number in numbers)
