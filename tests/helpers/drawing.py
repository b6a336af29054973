"""Figures as tests look at them."""

import warnings


def draw(figure):
    """Return the visible axes of a figure once it is laid out; every warning in that is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()
    return [axes for axes in figure.axes if axes.get_visible()]
