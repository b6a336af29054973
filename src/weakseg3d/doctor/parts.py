"""The parts of weakseg3d, what each needs, and what of it is missing here."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from weakseg3d.datasets.fetching.synapse import TOKEN
from weakseg3d.doctor.packages import problem

LOCKED = "envs/install.sh PYTHON installs it"


@dataclass(frozen=True)
class Part:
    """Something that weakseg3d does, with the packages, programs and environment variables that it needs.

    Of the ``programs`` one is enough. A part is ``basic`` if `make demo` needs it; ``remedy`` says how to get the rest.
    """

    name: str
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    remedy: str = LOCKED
    basic: bool = False

    def missing(self) -> list[str]:
        """Return what is missing, in words."""
        return list(self._missing())

    def _missing(self) -> Iterator[str]:
        yield from filter(None, map(problem, self.packages))
        if self.programs and not any(map(shutil.which, self.programs)):
            yield " or ".join(self.programs)
        for variable in self.variables:
            if not os.environ.get(variable):
                yield f"the variable {variable}"


PARTS = (
    Part("workflow", ("snakemake", "jsonschema", "pyyaml", "filelock", "psutil", "tqdm"), basic=True),
    Part(
        "images, labels, metrics",
        ("numpy", "scipy", "simpleitk", "pydicom", "pynrrd", "medpy"),
        basic=True,
    ),
    Part("training, prediction", ("torch", "lightning", "monai", "einops"), basic=True),
    Part("report", ("pandas", "matplotlib", "seaborn", "jinja2"), basic=True),
    Part("command line", ("shtab", "packaging"), basic=True),
    Part("commits in reports", programs=("git",), remedy="install git"),
    Part("download of CHAOS, MSD", ("requests",)),
    Part(
        "download of BTCV",
        ("synapseclient",),
        variables=(TOKEN,),
        remedy="docs/datasets.md; or download it by hand",
    ),
    Part("download of vs", ("idc-index",), remedy="pip install idc-index; or download it by hand"),
    Part("DICOM Segmentations", ("highdicom",), remedy="pip install highdicom"),
    Part(
        "Slurm",
        ("snakemake-executor-plugin-slurm",),
        ("sbatch",),
        remedy="docs/cluster.md, on a machine that submits jobs",
    ),
    Part(
        "LSF, PBS, Grid Engine",
        ("snakemake-executor-plugin-cluster-generic",),
        ("bsub", "qsub"),
        remedy="docs/cluster.md, on a machine that submits jobs",
    ),
    Part("conda environments", programs=("conda", "mamba"), remedy="docs/conda.md"),
    Part("containers", programs=("apptainer", "singularity"), remedy="docs/conda.md"),
    Part(
        "tests",
        ("pytest", "pytest-xdist", "hypothesis", "ruff", "mypy", "nibabel", "snakefmt", "pre-commit", "setuptools"),
    ),
    Part(
        "tests that read the descriptions in a release",
        ("mlcroissant", "rocrate"),
        remedy="pip install mlcroissant rocrate",
    ),
    Part(
        "tests of the report in a browser",
        programs=("chromium", "chromium-browser", "google-chrome"),
        remedy="install it",
    ),
)
