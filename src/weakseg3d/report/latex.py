"""Readable tables as LaTeX with booktabs, to be included by ``\\input`` in a paper."""

from weakseg3d.report.gaps import ORGAN
from weakseg3d.report.markup import as_latex, latex_text


def latex_table(text, numbers, title, note, footer, organ_columns=("Dataset", "Modality", "Organ")):
    """Return a readable table (strings with the marks of `weakseg3d.report.markup`) as a LaTeX ``table``.

    The columns ``organ_columns``, where the table has them, become a line of their own above their rows. ``numbers``
    are the headings of the columns aligned to the right; ``note`` is the caption's text, ``footer`` stands in comments
    above. It needs the packages booktabs and, for its width, adjustbox.
    """
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
            "% Needs \\usepackage{booktabs,adjustbox}.",
            *(f"% {key}: {value}" for key, value in footer.items()),
            r"\begin{table}",
            rf"\caption{{{latex_text(title)}. {latex_text(note)}}}",
            r"\begin{adjustbox}{max width=\linewidth}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            " & ".join(latex_text(column) for column in shown) + r" \\",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{adjustbox}",
            r"\end{table}",
            "",
        ]
    )


def section(names):
    """Return the values of `ORGAN` (dataset, modality, organ) as ``organ, dataset (modality)``."""
    dataset, modality, organ = dict(zip(ORGAN, names, strict=True)).values()
    return f"{organ}, {dataset} ({modality})" if modality else f"{organ}, {dataset}"
