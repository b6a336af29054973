# The experiment, resolved from the config, and the few helpers that rules share.

import re
import shlex
import shutil
import sys
from pathlib import Path

SRC = Path(workflow.basedir).parent / "src"
sys.path.insert(0, str(SRC))

from weakseg3d.jobs.batches import record_of
from weakseg3d.jobs.code_hash import code_hash
from weakseg3d.errors import UserError
from weakseg3d.experiment.experiment import check_container, load_experiment, options
from weakseg3d.files import file_digest
from weakseg3d.phantom import ARCHIVE_NAMES
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.jobs.workflow_lock import take_over

# A run that was killed leaves locks and jobs behind; the next one in its folder goes on in its place.
ALIVE = take_over(Path.cwd()) if workflow.is_main_process else None

DEPLOYED_BY = {str(method) for method in workflow.deployment_settings.deployment_method}

try:
    EXPERIMENT = load_experiment(config)
    check_container(EXPERIMENT.container, "apptainer" in DEPLOYED_BY)
except UserError as error:
    print(f"weakseg3d: {error}", file=sys.stderr)
    sys.exit(2)

# Under conda, or in a container, each job has its environment's python and no PYTHONPATH of ours; otherwise jobs run in
# the environment that Snakemake itself runs in.
PYTHON = "python" if DEPLOYED_BY & {"conda", "apptainer"} else shlex.quote(sys.executable)
weakseg3d = f"PYTHONPATH={shlex.quote(str(SRC))} {PYTHON} -m weakseg3d"

CORE_ENV = "../../envs/core.yaml"
TORCH_ENV = "../../envs/torch.yaml"

ANNOTATIONS = EXPERIMENT.annotations()
PSEUDO_LABELS = EXPERIMENT.pseudo_labels()
PERTURBATIONS = EXPERIMENT.perturbations()


def alternatives(names):
    """Return a regular expression that matches exactly ``names``; Snakemake wants one even for none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "none"


wildcard_constraints:
    experiment=re.escape(EXPERIMENT.name),
    dataset=alternatives(EXPERIMENT.datasets),
    organ=alternatives({organ for dataset in EXPERIMENT.datasets.values() for organ in dataset.organs}),
    case=r"[^/]+" if EXPERIMENT.batch == "case" else "@(?:train|validation|test)",
    kind="image|label",
    annotation=alternatives({"dense", *ANNOTATIONS}),
    pseudo_label=alternatives(PSEUDO_LABELS),
    perturbation=alternatives(PERTURBATIONS),
    method=alternatives(EXPERIMENT.methods),
    seed=r"\d+",


def tracked(path):
    """Return the file by which the graph of jobs knows a case's file: itself, or the record of the case's batch."""
    batch = EXPERIMENT.batch != "case" and ("/@" in path or "/{case}" in path)
    return record_of(path) if batch else path


def each_case(wildcards, input, output):
    """Return the command that runs a verb for every case of a batch; nothing for a job of one case."""
    if EXPERIMENT.batch == "case":
        return ""
    dataset = wildcards.get("dataset") or wildcards.target.split("/")[1]
    cases = EXPERIMENT.cases_of(dataset, wildcards.case)
    named = {"cases": cases, "read": input, "write": output, "name": [wildcards.case]}
    return "batch " + " ".join(f"--{option} {shlex.join(words)}" for option, words in named.items())


def gpus_per_job():
    """Return how many GPUs a training or prediction asks the scheduler for."""
    if EXPERIMENT.accelerator == "auto":
        return int(shutil.which("nvidia-smi") is not None)
    return int(EXPERIMENT.accelerator == "gpu")


def dataset_of(wildcards):
    """Return the dataset's YAML as a mapping."""
    return EXPERIMENT.datasets[wildcards.dataset].description


def method_of(wildcards):
    """Return the method's resolved YAML as a mapping."""
    return EXPERIMENT.methods[wildcards.method]


def stage_options(choices, part):
    """Return ``kind --parameter value ...`` of the annotation or pseudo label that a path part names."""
    kind, parameters = choices[part]
    return f"{kind} {options(parameters)}".strip()


def annotation_suffix(annotation):
    """Return how the files of an annotation end: what is drawn is a label map, what is clicked Slicer markups."""
    return "nii.gz" if ANNOTATIONS[annotation][0] in ("slices", "scribbles") else "mrk.json"


def pseudo_label_files(wildcards, cases):
    """Return the pseudo labels of ``cases`` that the method in ``wildcards`` uses."""
    folder = "results/{experiment}/6_pseudo_labels/{dataset}/{organ}/{annotation}"
    part = EXPERIMENT.pseudo_label(wildcards.method)
    return [tracked(f"{folder}/{part}/{case}.nii.gz".format(**wildcards)) for case in cases]


def mask_files(wildcards, cases):
    """Return the dense masks of ``cases``."""
    folder = "results/{experiment}/4_masks/{dataset}/{organ}".format(**wildcards)
    return [tracked(f"{folder}/{case}.nii.gz") for case in cases]


def isotropic_images(wildcards, cases, name="image"):
    """Return the resampled images of ``cases``, or what a perturbation called ``name`` made of them."""
    folder = "results/{experiment}/3_isotropic/{dataset}".format(**wildcards)
    return [tracked(f"{folder}/{case}/{name}.nii.gz") for case in cases]
