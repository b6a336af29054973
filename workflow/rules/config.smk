# The config, whose text is checked before Snakemake reads it: Snakemake names neither the file nor the line of a mistake.

import sys
from pathlib import Path

SOURCE = Path(workflow.current_basedir).parents[1] / "src"
sys.path.insert(0, str(SOURCE))

from weakseg3d.errors import UserError, printable
from weakseg3d.experiment.config_text import check_config_files

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
