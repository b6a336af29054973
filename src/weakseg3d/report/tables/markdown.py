"""Readable tables as pages of Markdown."""


def markdown_page(table, title, footer):
    """Return a `ReadableTable` as a page of Markdown, with its note and ``footer`` (``{key: text}``) below it."""
    lines = [
        f"# {table.full_title(title)}",
        "",
        _row(table.text.columns),
        _row(["---:" if column in table.right_aligned else "---" for column in table.text]),
        *(_row(cells) for cells in table.text.itertuples(index=False)),
        "",
        table.note.replace("(*)", "(\\*)"),
        "",
        *(_in_a_line(f"- {key}: {value}") for key, value in footer.items()),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(cells):
    return "| " + " | ".join(_in_a_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _in_a_line(text):
    """Return ``text`` without line ends, which would end the row or the item of a list that contains it."""
    return "".join(character if character.isprintable() else " " for character in text)
