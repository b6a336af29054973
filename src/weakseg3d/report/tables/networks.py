"""Networks by supervision: what a network adds where the labels and the loss are the same, and the other way round."""

from weakseg3d.experiment.supervision import has_networks_to_compare
from weakseg3d.registry.own_files import KEYS
from weakseg3d.report.tables.method_facts import readable_annotation
from weakseg3d.report.tables.readable import ReadableTable, mean_with_interval
from weakseg3d.statistics.cells import ORGAN

SUPERVISION = ["annotation", "label", "loss"]
"""Columns that say what a network learns from."""

STATISTICS = ("mean", "low", "high")

COUNTS = ["n", "n_missed", "n_lacking"]

NOTE = (
    "Mean {title} with its 95 % interval, as in the main table, by what a network learns from (rows) and by the "
    "network (columns). Within a row, methods differ in the network and in what is tuned to it: the length of the "
    "training, its optimiser, and the passes and the prior of a network with noise. Methods that differ in the "
    "training alone have a row each. A gap, –, stands where a method lacks evaluations. tables/networks.csv has a line "
    "for each method, to be arranged either way."
)
"""What readers need to know to understand the table."""


def compares_networks(rows, methods):
    """Return whether two methods in ``rows``, the metrics, learn from the same with different networks.

    ``methods`` are those of a `Results`.
    """
    shown = set(rows["method"])
    return has_networks_to_compare(facts for name, facts in methods.items() if name in shown)


def networks_table(statistics, methods, measure):
    """Return a line for each cell of a method whose network and supervision ``methods``, those of a `Results`, tell.

    ``statistics`` are `cell_statistics`; of them, the mean and the interval of ``measure`` and the `COUNTS` are shown.
    The methods come in the order of ``statistics``, those with equal supervision together. Columns: those of
    `ORGAN`, `SUPERVISION`, ``network``, ``method``, ``{measure}_mean``, ``_low`` and ``_high``, and `COUNTS`.
    """
    known = {name: facts for name, facts in methods.items() if facts.get("network")}
    table = statistics[(statistics["metric"] == measure.name) & statistics["method"].isin(known)]
    networks = network_names([facts["network"] for facts in known.values()])
    texts = {
        name: (label_text(facts["supervision"]), loss_text(facts["supervision"]), network)
        for (name, facts), network in zip(known.items(), networks, strict=True)
    }
    for place, column in enumerate(("label", "loss", "network")):
        table = table.assign(**{column: [texts[name][place] for name in table["method"]]})
    groups = table.groupby([*ORGAN, *SUPERVISION], sort=False)
    table = table.iloc[groups.ngroup().argsort(kind="stable")]
    statistics_names = {name: f"{measure.name}_{name}" for name in STATISTICS}
    columns = [*ORGAN, *SUPERVISION, "network", "method", *statistics_names, *COUNTS]
    return table[columns].rename(columns=statistics_names).reset_index(drop=True)


def readable_networks(table, measure):
    """Return the ``table`` of `networks_table` as a `ReadableTable` with a column for each network."""
    limits = zip(*(table[f"{measure.name}_{name}"] for name in STATISTICS), table["n_lacking"], strict=True)
    cells = table.assign(cell=[_cell(*values, measure.decimals) for values in limits])
    cells["line"] = cells.groupby([*ORGAN, *SUPERVISION, "network"]).cumcount()
    keys = [*ORGAN, *SUPERVISION, "line"]
    text = cells[keys].drop_duplicates().set_index(keys)
    networks = list(cells["network"].unique())
    for network in networks:
        text[network] = cells[cells["network"] == network].set_index(keys)["cell"]
    text = text.fillna("").reset_index().drop(columns="line")
    # As in the main table, the longest text is the last column.
    text["annotation"] = text.pop("annotation").map(readable_annotation)
    headings = {"dataset": "Dataset", "modality": "Modality", "organ": "Organ"}
    headings |= {"annotation": "Annotation", "label": "Label", "loss": "Loss"}
    note = NOTE.format(title=measure.title)
    subtitle = f"{measure.title} of networks by supervision"
    return ReadableTable(text.rename(columns=headings), networks, note, subtitle)


def _cell(mean, low, high, n_lacking, decimals):
    """Return a mean with its interval, or a gap if evaluations are lacking."""
    return "–" if n_lacking else mean_with_interval(mean, low, high, decimals)


def label_text(supervision):
    """Return what the target of a training is made of, such as ``gaussian (sigma 10.0), thresholded``."""
    if supervision["supervision"] == "dense":
        return "dense masks"
    thresholded = supervision["target"]["form"] == "hard"
    return choice_text(supervision["pseudo_label"]) + ", thresholded" * thresholded


def loss_text(supervision):
    """Return the loss and its regularisers, such as ``partial_ce + gated_crf (weight 1.0, radius 5)``."""
    terms = [choice_text({name: settings}) for name, settings in supervision["regularisers"].items()]
    return " + ".join([choice_text(supervision["loss"]), *terms])


def choice_text(choice, shown=None):
    """Return a recipe's ``choice``, ``{name: parameters}``, as ``name (parameter value, ...)``.

    Only the parameters ``shown``, or all, appear.
    """
    name, parameters = name_and_parameters(choice)
    values = [f"{key} {value}" for key, value in parameters.items() if shown is None or key in shown]
    return name + f" ({', '.join(values)})" * bool(values)


def name_and_parameters(choice):
    """Return the name and the parameters of a recipe's ``choice``, also of one in a file of the user's."""
    if "file" in choice:
        choice = {choice.get("name", choice["file"]): choice}
    ((name, parameters),) = choice.items()
    return name, {key: value for key, value in parameters.items() if key not in KEYS}


def network_names(choices):
    """Return a text for each of ``choices`` of a network: its name, with the parameters in which namesakes differ."""
    names = []
    for choice in choices:
        name, parameters = name_and_parameters(choice)
        namesakes = [other for other in map(name_and_parameters, choices) if other[0] == name]
        differing = {key for key in parameters for _, other in namesakes if other.get(key) != parameters[key]}
        names.append(choice_text(choice, differing))
    return names
