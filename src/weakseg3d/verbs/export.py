"""Turn a finished cell of an experiment into a model to use or to pass on: one file, with its card.

Writes the file that 'segment' takes and, beside it, a card in Markdown: the data and its licence, the clicks it learnt
from, the scores of this one training on the test cases with their intervals, and the versions. The card and the recipe
are in the file as well.
"""

import argparse
from pathlib import Path

from weakseg3d.errors import UserError, quoted

EXAMPLE = (
    "  python -m weakseg3d export results/demo --dataset phantom_ct --organ liver --method pw4medseg --out liver.pt"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", metavar="DIR", help="folder of an experiment, such as results/demo")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="dataset that the model was trained on")
    parser.add_argument("--organ", required=True, metavar="NAME", help="organ that it segments")
    parser.add_argument("--method", required=True, metavar="NAME", help="method; for a variant, its full name")
    parser.add_argument("--annotation", metavar="NAME", help="annotation, if the method has several")
    parser.add_argument("--seed", metavar="N", help="seed of the training (default: the first one)")
    parser.add_argument("--out", required=True, metavar="FILE", help="model to write (.pt)")


def run(args: argparse.Namespace) -> None:
    """Write the model and its card."""
    from weakseg3d.files import whole_file
    from weakseg3d.ownership import claim
    from weakseg3d.report.results import Results
    from weakseg3d.segmentation.model_card import as_markdown, card_path, model_card

    out = Path(args.out)
    if out.suffix != ".pt":
        raise UserError(f"{args.out}: the model is a PyTorch file; give it a name that ends in .pt")
    results = Results(args.results)
    cell = _cell(results, args)
    card = model_card(results, cell)

    from weakseg3d.inference.model import load_model, write_model

    network, recipe = load_model(results.weights(cell))
    claim(out.parent, [out.name, card_path(out).name])
    write_model(network.state_dict(), recipe, out, card)
    with whole_file(card_path(out)) as partial:
        partial.write_text(as_markdown(card, out.name), encoding="utf-8")


def _cell(results, args):
    """Return the one cell that the options name; raise UserError if it does not exist or has no model."""
    from weakseg3d.report.results import one_annotation
    from weakseg3d.schemas import choose

    cells = results.cells
    for key in ("dataset", "organ", "method", "annotation", "seed"):
        wanted, known = getattr(args, key), list(dict.fromkeys(str(cell[key]) for cell in cells))
        if key == "annotation":
            wanted = one_annotation(args.method, known, wanted)
        elif wanted is None:
            wanted = known[0]
        choose(wanted, known, key)
        cells = [cell for cell in cells if str(cell[key]) == wanted]
    (cell,) = cells
    if not cell["model"]:
        raise UserError(f"method {quoted(args.method)} trains no model; name a method with a network")
    if cell.get("external"):
        raise UserError(
            f"method {quoted(args.method)} is a program of its own, which alone can use its model; name another method"
        )
    return cell
