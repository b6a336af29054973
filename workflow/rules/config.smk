# The config, whose text is checked before Snakemake reads it: Snakemake names neither the file nor the line of a mistake.

import os
import sys
import tarfile
import tempfile
from pathlib import Path


def reject(reason):
    """End Snakemake with a sentence that says why."""
    print(f"weakseg3d: {reason}", file=sys.stderr)
    sys.exit(2)


def repository_of(folder):
    """Return the root of the repository in whose workflow/rules, ``folder``, this file lies.

    Of a workflow on a server, `module` with `github(...)`, Snakemake keeps a clone without files and takes single ones
    out of it; the code is a package, so all files are taken out, once per commit.
    """
    if hasattr(folder, "repo_path"):  # In a module of `gitfile(...)`, Snakemake itself fails at a rule's `conda`.
        reject(f"gitfile(...) cannot be used here; name the Snakefile in {folder.repo_path} by its path")
    if not hasattr(folder, "hosted_repo"):
        return Path(folder).parents[1]
    clone = folder.hosted_repo.repo
    root = Path(f"{clone.common_dir}-{clone.commit(folder.ref).hexsha}")
    if not root.is_dir():
        partial = Path(tempfile.mkdtemp(dir=root.parent))
        with open(partial / "archive.tar", "w+b") as stream:
            clone.archive(stream, folder.ref)
            stream.seek(0)
            with tarfile.open(fileobj=stream) as archive:
                archive.extractall(partial / "files", filter="data")
        try:
            os.rename(partial / "files", root)
        except OSError:
            if not root.is_dir():  # otherwise, another process was faster
                raise
    return root


SOURCE = repository_of(workflow.current_basedir) / "src"
sys.path.insert(0, str(SOURCE))

import weakseg3d
from weakseg3d.errors import UserError, printable
from weakseg3d.experiment.config_text import check_config_files
from weakseg3d.named_files import from_here_or_project

if not Path(weakseg3d.__file__).is_relative_to(SOURCE):
    reject(
        f"this Snakefile uses two copies of weakseg3d, in {Path(weakseg3d.__file__).parents[2]} and in"
        f" {SOURCE.parent}; use one of them for all modules"
    )

if workflow.modifier.path_modifier.replace_prefix("results/") != "results/":
    reject(
        "`prefix` and `replace_prefix` of a module would move only some of an experiment's files; remove them, and choose"
        " 'experiment' in its config, which names the folder of its results"
    )

# That of the folder where Snakemake works (`--directory .test`) or, if it has none, the demo's.
DEFAULT_CONFIG = from_here_or_project("config/config.yaml")

if workflow.is_main_process:
    try:
        check_config_files(workflow.overwrite_configfiles or [DEFAULT_CONFIG])
    except (UserError, OSError) as error:
        reject(printable(str(error)))

# A config named on the command line replaces the demo's instead of being merged into it.
if not workflow.overwrite_configfiles:

    configfile: str(DEFAULT_CONFIG)
