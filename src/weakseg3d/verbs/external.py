"""Train, predict and make pseudo labels with a program of somebody else's.

The commands get their files by placeholders, {cases}, {recipe} and {out} for training, {images} and {out} with {model},
{annotations} or {recipe} for prediction and pseudo labels, and are run without a shell. docs/external.md is the
contract.
"""

import argparse

from weakseg3d.errors import UserError
from weakseg3d.texts import read_yaml

EXAMPLE = """\
  python -m weakseg3d external train --facts recipe.yaml --cases cases.csv --out seed-0 \\
      --command 'python train.py {cases} {recipe} {out}'
  python -m weakseg3d external predict --method mine --model seed-0/model.json --cases test.csv --out masks.json \\
      --command 'python predict.py {model} {images} {out}'
  python -m weakseg3d external label --name theirs --facts recipe.json --cases train.csv --out masks.json \\
      --record run.json --command 'python segment.py {annotations} {recipe} {images} {out}'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    tasks = parser.add_subparsers(dest="task", required=True, metavar="train|predict|label")
    train = tasks.add_parser("train", help="train a model: images and targets in, a folder of the program's own out")
    train.add_argument("--facts", required=True, metavar="FILE", help="what the program is told (YAML or JSON)")
    train.add_argument("--resume", action="store_true", help="keep what an interrupted run left for the program")
    train.add_argument("--cases", required=True, metavar="CSV", help="training cases: case,image,target")
    train.add_argument("--out", required=True, metavar="DIR", help="folder of the trained model")
    predict = tasks.add_parser("predict", help="segment images: a folder of images in, a folder of masks out")
    predict.add_argument("--method", required=True, metavar="NAME", help="the method's name, for messages")
    predict.add_argument("--model", metavar="FILE", help="model.json of 'external train', which {model} stands for")
    predict.add_argument("--facts", metavar="FILE", help="what the program is told by {recipe} (YAML or JSON)")
    predict.add_argument(
        "--cases", required=True, metavar="CSV", help="images to segment: case,image and, for {annotations}, annotation"
    )
    predict.add_argument("--out", required=True, metavar="FILE", help="list of the masks (.json); they lie beside it")
    predict.add_argument("--gpus", type=int, default=1, help="0 hides all GPUs from the program")
    label = tasks.add_parser("label", help="make pseudo labels: images and annotations in, a folder of masks out")
    label.add_argument("--name", required=True, metavar="NAME", help="the pseudo label's name, for messages")
    label.add_argument("--facts", required=True, metavar="FILE", help="what the program is told (YAML or JSON)")
    label.add_argument("--cases", required=True, metavar="CSV", help="scans to learn from: case,image,annotation")
    label.add_argument("--out", required=True, metavar="FILE", help="list of the masks (.json); they lie beside it")
    label.add_argument("--record", required=True, metavar="FILE", help="where time and memory are written (.json)")
    for task in (train, predict, label):
        task.add_argument("--command", required=True, metavar="TEXT", help="the command with its placeholders")
        task.add_argument("--program", metavar="FILE", help="what {program} in the command stands for")
        task.add_argument("--environment", metavar="DIR", help="folder of a Python environment to run the command in")
        task.add_argument("--activated", action="store_true", help="the environment of the command is active already")


def run(args: argparse.Namespace) -> None:
    """Run one command."""
    from weakseg3d.external.environment import command_environment

    facts = read_yaml(args.facts) if args.facts else None
    needed = {"train": ("method", "seed", "gpus"), "label": ("seed", "gpus")}.get(args.task, ())
    for key in needed:
        if facts is None or key not in facts:
            raise UserError(f"{args.facts}: key '{key}' is missing; add it")
    gpus = facts["gpus"] if facts and needed else args.gpus
    environment = command_environment(args.environment, args.activated, gpus)
    if args.task == "train":
        from weakseg3d.external.training import train

        train(facts, args.cases, args.command, args.out, environment, args.program, args.resume)
        return
    from weakseg3d.external.predicting import predict

    if not args.out.endswith(".json"):
        raise UserError(f"{args.out}: the list of masks is written as JSON; choose a name that ends in .json")
    given = {"facts": facts, "program": args.program}
    if args.task == "label":
        what = f"pseudo label '{args.name}'"
        predict(what, args.cases, args.command, args.out, environment, record=args.record, **given)
    else:
        what = f"method '{args.method}', prediction"
        predict(what, args.cases, args.command, args.out, environment, model=args.model, **given)
