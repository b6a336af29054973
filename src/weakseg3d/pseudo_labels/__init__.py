"""Training targets made from weak annotations.

Soft targets are float32 in [0, 1]; sparse targets are uint8 label maps with 0 background, 1 organ and
`weakseg3d.images.labels.IGNORE` (2) where the class is unknown.
"""
