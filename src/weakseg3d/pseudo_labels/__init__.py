"""From a weak annotation to a training target.

Soft targets are float32 in [0, 1]; sparse targets are uint8 label maps with 0 background, 1 organ and
`weakseg3d.images.labels.IGNORE` (2) where nothing is known.
"""
