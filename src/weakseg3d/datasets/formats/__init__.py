"""File formats that adapters share: DICOM, RTSTRUCT, NIfTI."""
