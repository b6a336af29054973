"""``README.md`` of a release: what it is, and how its tables are made again."""

from weakseg3d.release.about import About
from weakseg3d.report.results import Results
from weakseg3d.report.settings import Settings

TEXT = """# {title}

{authors}. {date}. Licence: {licence}.{doi}

{description}

| File | Content |
| --- | --- |
| `report.html` | tables and figures on one page |
| `tables/`, `figures/` | the same as files; `tables/metrics.csv` has every single value |
| `config/` | config, datasets, methods and splits |
| `5_annotations/` | annotations and their effort |
| `7_models/` | the recipe, the record and the losses of every training |
| `digests.csv` | SHA-256 of the models and predictions |
| `ro-crate-metadata.json`, `croissant.json` | descriptions for machines, in the forms of RO-Crate and Croissant |
| `SHA256SUMS` | SHA-256 of every file here |

{voxels} {people} Paths of the machine that ran the experiment are replaced by `(path)`.

Every table follows from the other files, byte for byte. With weakseg3d installed, in the versions below:

```bash
python -m weakseg3d recompute {experiment}.zip --out recomputed
```

{software}

Datasets: {datasets}
"""


def readme(about: About, results: Results, settings: Settings) -> str:
    """Return the text."""
    datasets = [f"{name} ({facts.get('citation') or 'no citation'})" for name, facts in results.datasets.items()]
    return TEXT.format(
        title=about.title,
        authors=", ".join(about.authors),
        date=about.date,
        licence=about.licence,
        doi=f" DOI: {about.doi}." if about.doi else "",
        description=about.describe(results.experiment),
        experiment=results.experiment,
        voxels="Masks are here, scans are not." if about.voxels else "Neither scans nor masks are here.",
        people="Annotations that people made are here." if about.people else "Annotations that people made are not.",
        software="\n".join(f"- {name}: {text}" for name, text in settings.software.items()),
        datasets="; ".join(datasets) + ".",
    )
