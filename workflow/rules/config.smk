# The config, whose text is checked before Snakemake reads it: Snakemake names neither the file nor the line of a mistake.

import sys
from pathlib import Path

SOURCE = Path(workflow.current_basedir).parents[1] / "src"
sys.path.insert(0, str(SOURCE))

import weakseg3d
from weakseg3d.errors import UserError, printable
from weakseg3d.experiment.config_text import check_config_files

if not Path(weakseg3d.__file__).is_relative_to(SOURCE):
    print(
        f"weakseg3d: this Snakefile uses two copies of weakseg3d, in {Path(weakseg3d.__file__).parents[2]} and in"
        f" {SOURCE.parent}; use one of them for all modules",
        file=sys.stderr,
    )
    sys.exit(2)

DEFAULT_CONFIG = SOURCE.parent / "config" / "config.yaml"

if workflow.is_main_process:
    try:
        check_config_files(workflow.overwrite_configfiles or [DEFAULT_CONFIG])
    except (UserError, OSError) as error:
        print(f"weakseg3d: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)

# A config named on the command line replaces the demo's instead of being merged into it.
if not workflow.overwrite_configfiles:

    configfile: str(DEFAULT_CONFIG)
