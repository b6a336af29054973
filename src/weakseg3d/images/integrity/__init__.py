"""A volume is read exactly as its file says, or refused: headers are parsed twice, voxels are counted."""
