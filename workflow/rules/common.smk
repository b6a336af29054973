# The experiment that the config asks for, and what all rules share. Everything else is decided in weakseg3d.experiment.

import atexit
import sys
from pathlib import Path

from weakseg3d.errors import UserError, printable
from weakseg3d.experiment import options, paths, report_products
from weakseg3d.experiment.annotation_seeds import seed_of
from weakseg3d.experiment.annotator_pairs import agreement_tables, compared_files, pairs
from weakseg3d.experiment.duration import slow_without_gpu
from weakseg3d.experiment.input_files import check_input_files, image_only, with_unlabelled_cases
from weakseg3d.experiment.from_config import check_container, load_experiment
from weakseg3d.experiment.provenance import provenance
from weakseg3d.experiment.raw_content import RawContent
from weakseg3d.experiment.stage_files import StageFiles
from weakseg3d.experiment.choices import choice_options
from weakseg3d.experiment.wildcards import any_of, wildcard_patterns
from weakseg3d.jobs import failures
from weakseg3d.jobs.commands import Commands
from weakseg3d.jobs.devices import gpus_per_job
from weakseg3d.jobs.workflow_lock import take_over
from weakseg3d.phantom import ARCHIVE_NAMES

DEPLOYED_BY = {str(method) for method in workflow.deployment_settings.deployment_method}

try:
    EXPERIMENT = with_unlabelled_cases(load_experiment(config))
    GPUS = gpus_per_job(EXPERIMENT.accelerator)
    check_container(EXPERIMENT.container, "apptainer" in DEPLOYED_BY)
    if workflow.is_main_process:
        check_input_files(EXPERIMENT)
    # Cases or batches that are imported without a label.
    IMAGE_ONLY = image_only(EXPERIMENT)
    if workflow.is_main_process:
        for path in EXPERIMENT.own_files():
            print(f"weakseg3d: {printable(path)} takes the place of the repository's", file=sys.stderr)
        if not GPUS and (notice := slow_without_gpu(EXPERIMENT)):
            print(f"weakseg3d: {notice}", file=sys.stderr)
        for name in [] if "conda" in DEPLOYED_BY else options.external_environments(EXPERIMENT):
            print(f"weakseg3d: {name} is built with --use-conda only; its programs run as things are", file=sys.stderr)
except (UserError, OSError) as error:
    print(f"weakseg3d: {printable(str(error))}", file=sys.stderr)
    sys.exit(2)

# A run that was killed leaves locks and jobs behind; the next one of its experiment takes its place.
ALIVE = take_over(Path.cwd(), EXPERIMENT.name) if workflow.is_main_process else None

# Which files a step reads, and how Snakemake knows the patterns of weakseg3d.experiment.paths.
FILES = StageFiles(EXPERIMENT)
PATHS = FILES.patterns
RAW_CONTENT = RawContent(EXPERIMENT)

# Under conda, or in a container, each job has its environment's python and no PYTHONPATH of ours; otherwise jobs run in
# the environment that Snakemake itself runs in.
RUN = Commands(SOURCE, "python" if DEPLOYED_BY & {"conda", "apptainer"} else sys.executable, EXPERIMENT)
# A program of somebody else's has an environment of its own, which our side of the contract does not share: it needs what
# Snakemake runs in, except in a container.
EXTERNAL_RUN = Commands(SOURCE, "python" if "apptainer" in DEPLOYED_BY else sys.executable, EXPERIMENT)

CORE_ENV = "../../envs/core.yaml"
TORCH_ENV = "../../envs/torch.yaml"

ANNOTATIONS = EXPERIMENT.annotations()
PSEUDO_LABELS = EXPERIMENT.pseudo_labels()
EXTERNAL_LABELS = EXPERIMENT.external_labels()
PERTURBATIONS = EXPERIMENT.perturbations()
PAIRS = pairs(EXPERIMENT)


wildcard_constraints:
    **wildcard_patterns(EXPERIMENT),


def external_env(wildcards):
    """Return the conda environment of a program of somebody else's, or None where it needs none."""
    return options.external_environment_file(EXPERIMENT.program_of(wildcards))


def in_report(path, category, name):
    """Return a product as Snakemake's own report shows it, with the caption of ``name``."""
    label = {category.lower().removesuffix("s"): Path(path).stem.replace("_", " ")}
    return report(path, caption=f"../report/{name}.rst", category=category, labels=label)


def releasable():
    """Return what a release is made from; end Snakemake with a sentence if the config says nothing of one."""
    try:
        options.release_options(EXPERIMENT)
    except UserError as error:
        reject(error)
    return [pattern.format(experiment=EXPERIMENT.name) for pattern in (PATHS.REPORT, PATHS.SETTINGS)]


def report_tables():
    """Return the tables; Snakemake's report shows those made for reading."""
    readable, others = report_products.readable_tables(EXPERIMENT), report_products.other_tables(EXPERIMENT)
    shown = [in_report(PATHS.TABLE.replace("{table}", f"{name}.csv"), "Tables", Path(name).name) for name in readable]
    beside = [f"{name}.csv" for name in others] + [f"{name}.{suffix}" for name in readable for suffix in ("md", "tex")]
    return shown + [PATHS.TABLE.replace("{table}", file) for file in beside]


def report_figures():
    """Return the figures, each as PNG, which Snakemake's report shows, and as SVG."""
    figures, panels = report_products.figures(EXPERIMENT), report_products.panels(EXPERIMENT)
    captions = [(name, "Figures", name) for name in figures] + [(name, "Cases", "panels") for name in panels]
    pngs = [
        in_report(PATHS.FIGURE.replace("{figure}", f"{file}.png"), category, caption)
        for file, category, caption in captions
    ]
    return pngs + [PATHS.FIGURE.replace("{figure}", f"{file}.svg") for file in figures + panels]
