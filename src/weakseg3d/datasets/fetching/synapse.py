"""Download from Synapse by its official client, for users who have an account."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from weakseg3d.errors import UserError

TOKEN = "SYNAPSE_AUTH_TOKEN"
"""Environment variable with the personal access token of the account, which is read by the client."""


def can_fetch() -> bool:
    """Return whether the client is installed and a token is set."""
    return bool(os.environ.get(TOKEN)) and importlib.util.find_spec("synapseclient") is not None


def fetch_from_synapse(entity: str, name: str, folder: Path) -> Path:
    """Download the file ``name`` with the Synapse id ``entity`` to ``folder`` and return its path.

    Raises UserError if the client fails, as it does if the account has not accepted the terms of use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    print(f"fetching {name} from Synapse", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "synapseclient", "get", entity, "--downloadLocation", str(folder)]
    if subprocess.run(command).returncode or not (folder / name).is_file():
        raise UserError(
            f"{entity}: synapseclient could not download {name} (see its message above); check that the account of "
            f"{TOKEN} has accepted the terms of use, or put the file into {folder} yourself"
        )
    return folder / name
