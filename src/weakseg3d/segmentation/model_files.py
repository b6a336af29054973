"""The models that segment scans: one file per organ, checked before any scan is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file, file_digest
from weakseg3d.segmentation.label_map import MOST_ORGANS


class ModelFile(NamedTuple):
    """The model file of an ``organ``, with the SHA-256 of its content."""

    organ: str
    path: Path
    digest: str


def model_files(arguments: Sequence[str]) -> list[ModelFile]:
    """Return the models named as ``[ORGAN=]FILE``, in their order; a file alone names its organ.

    Raises UserError for a missing file, for an organ that is named twice, and for more organs than labels.
    """
    if len(arguments) > MOST_ORGANS:
        raise UserError(f"--models: {len(arguments)} organs, but a label map has at most {MOST_ORGANS}; name fewer")
    models: dict[str, ModelFile] = {}
    for argument in arguments:
        organ, separator, name = argument.partition("=")
        if not separator or Path(argument).is_file():
            organ, name = Path(argument).stem, argument
        if not organ.strip() or not organ.isprintable():
            raise UserError(f"--models {quoted(argument)}: the organ needs a name; write ORGAN=FILE")
        if organ in models:
            raise UserError(
                f"--models {quoted(argument)}: {quoted(organ)} is already {models[organ].path}; write ORGAN=FILE to"
                " give each model a name of its own"
            )
        path = existing_file(name)
        models[organ] = ModelFile(organ, path, file_digest(path))
    return list(models.values())
