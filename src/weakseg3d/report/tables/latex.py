"""Readable tables as LaTeX with booktabs, to be included by ``\\input`` in a paper."""

from itertools import groupby

from weakseg3d.report.tables.gaps import ORGAN
from weakseg3d.report.tables.markup import as_latex, latex_text

METHOD, ANNOTATION = "Method", "Annotation"


def latex_table(text, numbers, title, note, footer, organ_columns=("Dataset", "Modality", "Organ")):
    """Return a readable table (strings with the marks of `weakseg3d.report.tables.markup`) as a LaTeX ``table``.

    The columns ``organ_columns``, where the table has them, become a line of their own above their rows; headings such
    as ``spleen: Dice`` become two lines, of which neighbours share the upper one; annotations, which are long, go into
    the caption where every method has one. ``numbers`` are the headings of the columns aligned to the right; ``note``
    is the caption's text, ``footer`` stands in comments above. It needs the packages booktabs and graphicx, which makes
    a table that is too wide smaller.
    """
    text, annotations = _without_annotations(text)
    grouped = [column for column in organ_columns if column in text]
    shown = [column for column in text if column not in grouped]
    groups = text.groupby(grouped, sort=False) if grouped else [((), text)]
    body = []
    for names, rows in groups:
        if grouped:
            body += [rf"\midrule \multicolumn{{{len(shown)}}}{{l}}{{\textit{{{latex_text(section(names))}}}}} \\"]
        body += [r"\midrule"]
        body += [" & ".join(map(as_latex, row)) + r" \\" for row in rows[shown].itertuples(index=False, name=None)]
    alignment = "".join("r" if column in numbers else "l" for column in shown)
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs,graphicx}.",
            *(f"% {key}: {value}" for key, value in footer.items()),
            r"\begin{table}",
            rf"\caption{{{latex_text(title)}. {latex_text(' '.join(filter(None, [note, annotations])))}}}\medskip",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{" + rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            *_heading(shown),
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def _without_annotations(text):
    """Return a table without its annotations, and these in a sentence, where they follow from the method."""
    if not {METHOD, ANNOTATION} <= set(text) or (text.groupby(METHOD)[ANNOTATION].nunique() > 1).any():
        return text, ""
    methods = text.drop_duplicates(METHOD).groupby(ANNOTATION, sort=False)[METHOD].agg(", ".join)
    named = "; ".join(
        f"{annotation}: {names}" for annotation, names in methods.items() if annotation not in ("", "none")
    )
    return text.drop(columns=ANNOTATION), f"Annotations: {named}.".replace("\\*", "*") if named else ""


def _heading(columns):
    """Return the lines of the head, with what neighbouring columns have before a colon in a line above."""
    parts = [column.rpartition(": ") for column in columns]
    last = " & ".join(latex_text(name) for _, _, name in parts) + r" \\"
    if not any(shared for shared, _, _ in parts):
        return [last]
    above, rules, place = [], [], 1
    for shared, group in groupby(shared for shared, _, _ in parts):
        width = len(list(group))
        above.append(rf"\multicolumn{{{width}}}{{c}}{{{latex_text(shared)}}}")
        rules += [rf"\cmidrule(lr){{{place}-{place + width - 1}}}"] if shared else []
        place += width
    return [" & ".join(above) + r" \\", " ".join(rules), last]


def section(names):
    """Return the values of `ORGAN` (dataset, modality, organ) as ``organ, dataset (modality)``."""
    dataset, modality, organ = dict(zip(ORGAN, names, strict=True)).values()
    return f"{organ}, {dataset} ({modality})" if modality else f"{organ}, {dataset}"
