"""Files of Synapse, fetched by its official client on behalf of a user who has an account."""

import importlib.util
import os
import subprocess
import sys

from weakseg3d.errors import UserError

TOKEN = "SYNAPSE_AUTH_TOKEN"
"""Environment variable with the account's personal access token; the client reads it by itself."""


def can_fetch():
    """Return whether the client is installed and a token is set."""
    return bool(os.environ.get(TOKEN)) and importlib.util.find_spec("synapseclient") is not None


def fetch_from_synapse(entity, name, folder):
    """Fetch the file of Synapse id ``entity``, called ``name``, into ``folder`` and return its path.

    Raises UserError when the client fails, as it does before an account has accepted the terms of use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    print(f"fetching {name} from Synapse", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "synapseclient", "get", entity, "--downloadLocation", str(folder)]
    if subprocess.run(command).returncode or not (folder / name).is_file():
        raise UserError(
            f"{entity}: synapseclient could not fetch {name} (what it said stands above); check that the account "
            f"behind {TOKEN} has accepted the terms of use, or place the file into {folder} yourself"
        )
    return folder / name
