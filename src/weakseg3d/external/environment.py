"""The environment of a command of somebody else's: its own Python before all others, and nothing of ours."""

import os
import sys
from pathlib import Path

from weakseg3d.errors import UserError

OURS = ("PYTHONPATH", "PYTHONHOME")
"""Variables that would make another Python import this package's files."""


def command_environment(folder: str | None, activated: bool, gpus: int) -> dict[str, str]:
    """Return the environment variables of a command.

    ``folder`` is that of a Python environment. Without one, it is the environment that has been ``activated``, or else
    the one in which this runs. Raises UserError for a folder without programs.
    """
    variables = {name: value for name, value in os.environ.items() if name not in OURS}
    if folder:
        place = Path(folder).absolute()
        if not (place / "bin").is_dir():
            raise UserError(
                f"{folder}: not a Python environment, as it has no folder 'bin'; correct external.environment"
            )
        variables["VIRTUAL_ENV"] = str(place)
        first = str(place / "bin")
    else:
        # Not resolved: the folder of a virtual environment's link to Python has its other programs.
        first = "" if activated else os.path.dirname(os.path.abspath(sys.executable))
    if first:
        variables["PATH"] = os.pathsep.join(filter(None, [first, variables.get("PATH", os.defpath)]))
    if not gpus:
        variables["CUDA_VISIBLE_DEVICES"] = ""
    return variables
