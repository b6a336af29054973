"""Small volumes in every accepted format, and ways to damage them."""

import gzip
import struct

import SimpleITK as sitk

FORMATS = {
    "v.nii": ("v.nii", False),
    "v.nii.gz": ("v.nii.gz", True),
    "v.hdr": ("v.img", False),
    "v.img.gz": ("v.img.gz", True),
    "raw.nrrd": ("raw.nrrd", False),
    "gzip.nrrd": ("gzip.nrrd", True),
    "raw.nhdr": ("raw.raw", False),
    "gzip.nhdr": ("gzip.raw.gz", True),
    "raw.mha": ("raw.mha", False),
    "zlib.mha": ("zlib.mha", True),
    "raw.mhd": ("raw.raw", False),
    "zlib.mhd": ("zlib.zraw", True),
}
"""Names of volumes, with the file that contains the voxels and whether these are compressed."""

NIFTI_FIELDS = {
    "sizeof_hdr": ("i", 0),
    "dim": ("8h", 40),
    "datatype": ("h", 70),
    "bitpix": ("h", 72),
    "pixdim": ("8f", 76),
    "vox_offset": ("f", 108),
    "scl_slope": ("f", 112),
    "scl_inter": ("f", 116),
    "xyzt_units": ("b", 123),
    "qform_code": ("h", 252),
    "sform_code": ("h", 254),
    "quatern": ("3f", 256),
    "qoffset": ("3f", 268),
    "srow_x": ("4f", 280),
    "srow_y": ("4f", 296),
    "srow_z": ("4f", 312),
    "magic": ("4s", 344),
}
"""``struct`` formats and offsets of the fields of NIfTI-1, from nifti1.h."""


def write_volume_file(image, folder, name):
    """Write ``image`` as one of `FORMATS`; return the paths of the volume and of the file with its voxels."""
    voxels, compressed = FORMATS[name]
    sitk.WriteImage(image, str(folder / name), compressed)
    return folder / name, folder / voxels


def change_nifti(path, **fields):
    """Replace fields of an uncompressed or a gzipped little-endian NIfTI header."""
    content = path.read_bytes()
    compressed = content[:2] == b"\x1f\x8b"
    content = bytearray(gzip.decompress(content) if compressed else content)
    for name, values in fields.items():
        form, offset = NIFTI_FIELDS[name]
        struct.pack_into("<" + form, content, offset, *(values if isinstance(values, (list, tuple)) else [values]))
    path.write_bytes(gzip.compress(content) if compressed else content)


def change_text(path, line_start, line):
    """Replace the line that starts with ``line_start`` in a text header by ``line``; None removes it."""
    content = path.read_bytes()
    start = content.index(line_start.encode())
    end = content.index(b"\n", start) + 1
    path.write_bytes(content[:start] + (b"" if line is None else line.encode() + b"\n") + content[end:])
