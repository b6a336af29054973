"""Write the record of which file made what as JSON."""

import json
from pathlib import Path

text = json.dumps(snakemake.params.record, indent=1) + "\n"  # noqa: F821
Path(snakemake.output[0]).write_text(text, encoding="utf-8")  # noqa: F821
