"""A hook of MkDocs: formulas become MathML, which browsers draw without a script or a font from elsewhere."""

import html
import re

from latex2mathml.converter import convert

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.S)


def on_page_content(content, **_):
    """Return a page's HTML with MathML in place of the formulas that arithmatex marked."""
    return FORMULA.sub(_formula, content)


def _formula(found):
    element, bracket, latex = found.groups()
    drawn = convert(html.unescape(latex.strip()), display="block" if bracket == "[" else "inline")
    return f'<{element} class="formula">{drawn}</{element}>'
