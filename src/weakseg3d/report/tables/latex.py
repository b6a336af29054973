"""Readable tables as LaTeX with booktabs, ready to be included in a paper with ``\\input``."""

from itertools import groupby

from weakseg3d.report.tables.markup import as_latex, latex_text
from weakseg3d.report.tables.readable import organ_title

ORGAN_HEADINGS = ("Dataset", "Modality", "Organ")
METHOD_HEADING, ANNOTATION_HEADING = "Method", "Annotation"


def latex_table(table, title, footer):
    """Return a `ReadableTable` as a LaTeX ``table``.

    If the table has the columns `ORGAN_HEADINGS`, their values are written on a separate line above the rows. Headings
    such as ``spleen: Dice`` are split into two lines, and neighbours share the upper one. Annotations, which are long,
    are moved into the caption if every method has exactly one. The caption is the title and the note; ``footer``
    (``{key: text}``) is written as comments above the table. The document needs the package booktabs, and graphicx,
    which shrinks a table that is too wide.
    """
    text, annotations = _without_annotations(table.text)
    grouped = [column for column in ORGAN_HEADINGS if column in text]
    columns = [column for column in text if column not in grouped]
    groups = text.groupby(grouped, sort=False) if grouped else [((), text)]
    body = []
    for organ, rows in groups:
        if grouped:
            line = rf"\multicolumn{{{len(columns)}}}{{l}}{{\textit{{{latex_text(organ_title(organ))}}}}} \\"
            body += [rf"\midrule {line}"]
        body += [r"\midrule"]
        body += [" & ".join(map(as_latex, row)) + r" \\" for row in rows[columns].itertuples(index=False, name=None)]
    alignment = "".join("r" if column in table.right_aligned else "l" for column in columns)
    caption = f"{latex_text(table.full_title(title))}. {latex_text(' '.join(filter(None, [table.note, annotations])))}"
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs,graphicx}.",
            *(f"% {_in_a_line(key)}: {_in_a_line(value)}" for key, value in footer.items()),
            r"\begin{table}",
            rf"\caption{{{caption}}}\medskip",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{" + rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            *_heading(columns),
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def _in_a_line(text):
    """Return ``text`` without line ends, which would end a comment of LaTeX, and without control characters."""
    return "".join(character if character.isprintable() else " " for character in str(text))


def _without_annotations(text):
    """Return a table without its annotations, and a sentence that lists them, if each method has exactly one."""
    if not {METHOD_HEADING, ANNOTATION_HEADING} <= set(text):
        return text, ""
    if (text.groupby(METHOD_HEADING)[ANNOTATION_HEADING].nunique() > 1).any():
        return text, ""
    groups = text.drop_duplicates(METHOD_HEADING).groupby(ANNOTATION_HEADING, sort=False)[METHOD_HEADING]
    annotations = "; ".join(
        f"{annotation}: {methods}"
        for annotation, methods in groups.agg(", ".join).items()
        if annotation not in ("", "none")
    )
    sentence = f"Annotations: {annotations}.".replace("\\*", "*") if annotations else ""
    return text.drop(columns=ANNOTATION_HEADING), sentence


def _heading(columns):
    """Return the lines of the head; the text before a colon is written above, once for neighbours that share it."""
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
