"""What a user has to do for raw files that cannot be fetched for them, in one sentence."""

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.fetching.synapse import TOKEN


def how_to_get(dataset, archives, out):
    """Return the sentence for ``dataset`` (a description), whose ``archives`` would be looked for in ``out``."""
    [(kind, access)] = dataset["access"].items()
    name = dataset["name"]
    if kind == "phantom":
        return (
            f"{out / archives[0]['archive']}: not there; make it with 'python -m weakseg3d phantom "
            f"--modality {access['modality']} --cases {access['cases']} --seed {access['seed']} --out {out}'"
        )
    put = f"into {out}, or name its place with --source PATH (in a configuration, 'raw: {{{name}: PATH}}')"
    if kind == "fetch":
        wanted = " and ".join(f"{archive['url']}{_checksum(archive)}" for archive in archives)
        return f"the files of '{name}' are not there, and offline nothing is fetched: put {wanted} {put}"
    folder = f"the folder '{access.get('folder', ADAPTERS[dataset['format']].TOP_FOLDER)}'"
    wanted = f"{access['archive']}{_checksum(access)}" if archives else folder
    client = f"; with synapseclient installed and {TOKEN} set it is fetched for you" if "synapse" in access else ""
    return f"the files of '{name}' must be placed by you: {access['instructions']}, then put {wanted} {put}{client}"


def _checksum(archive):
    for key, name in (("sha256", "SHA-256"), ("md5", "MD5")):
        if key in archive:
            return f" ({name} {archive[key]})"
    return ""
