"""The text of a config, checked before Snakemake reads it.

Snakemake's own message about a mistake names neither file nor line, and of a key that occurs twice it takes the last.

``python -m weakseg3d.experiment.config_text ARGUMENTS`` checks the files after ``--configfile`` among Snakemake's
arguments. The profiles under ``workflow/profiles`` run it: Snakemake reads these files before it reads the Snakefile,
but after the profile, which may contain code (https://snakemake.readthedocs.io/en/stable/executing/cli.html#profiles).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.texts import read_json, read_yaml


def check_config_files(files: Iterable[str | Path]) -> None:
    """Raise UserError, with file and line, for config files that Snakemake rejects or silently reads differently.

    Snakemake's own message names neither file nor line, and of a key that occurs twice it takes the last value.
    """
    for path in map(Path, files):
        read = read_json if path.suffix == ".json" else read_yaml
        read(path)
        _check_with_snakemake(path)


def _check_with_snakemake(path: Path) -> None:
    """Raise UserError where Snakemake cannot read what `read_yaml` can, such as ``2024-99-99``, which is no date."""
    from snakemake.common.configfile import load_configfile

    try:
        load_configfile(path)
    except Exception as error:
        raise UserError(f"{path}: Snakemake cannot read it ({quoted(error)}); put dates in quotes") from None


def main(arguments: Sequence[str]) -> int:
    """Check the configs named in Snakemake's ``arguments``; print the first mistake and return 2, or return 0."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    try:
        check_config_files(parser.parse_known_args(arguments)[0].configfile)
    except (UserError, OSError) as error:
        print(f"weakseg3d: {printable(str(error))}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
