"""Cells of readable tables: text with a few Markdown marks, and the same cells as LaTeX and HTML.

``**best**`` is bold, ``<u>second</u>`` is underlined, and the asterisk of a control is written ``\\*``.
"""

import re

import jinja2

LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "−": "$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "ρ": r"$\rho$",
    "τ": r"$\tau$",
    "α": r"$\alpha$",
    "²": "$^2$",
    "<": "$<$",
    ">": "$>$",
}
"""LaTeX for the characters that have a special meaning there or are missing from its fonts."""


def bold(text):
    """Return ``text`` marked as the best."""
    return f"**{text}**"


def underlined(text):
    """Return ``text`` marked as the second best."""
    return f"<u>{text}</u>"


def as_html(cell):
    """Return a cell as HTML."""
    text = (
        str(jinja2.filters.escape(cell)).replace("\\*", "*").replace("&lt;u&gt;", "<u>").replace("&lt;/u&gt;", "</u>")
    )
    return jinja2.filters.Markup(re.sub(r"^\*\*(.+?)\*\*", r"<strong>\1</strong>", text))


def as_latex(cell):
    """Return a cell as LaTeX."""
    text = str(cell).replace("\\*", "*")
    for pattern, command in ((r"^\*\*(.+?)\*\*", "textbf"), (r"^<u>(.+?)</u>", "underline")):
        if marked := re.match(pattern, text):
            return f"\\{command}{{{latex_text(marked[1])}}}{latex_text(text[marked.end() :])}"
    return latex_text(text)


def latex_text(text):
    """Return plain ``text`` with every character that has a special meaning in LaTeX escaped, and in one line."""
    printable = (character if character.isprintable() else " " for character in str(text))
    return "".join(LATEX.get(character, character) for character in printable)
