"""Ties the text of a chapter to what its cells compute."""

import os

from dossier.figures import BOOK


class ProseError(ValueError):
    """The text of a chapter says what its data no longer bear out."""


def prose_holds(held: bool, text: str) -> None:
    """Hold a text to a condition on the data.

    In the book, a text that no longer holds raises `ProseError` and so stops the build. By hand it is only told, so
    that a reader can change the data and see what becomes of the figures.
    """
    if held:
        return
    if BOOK in os.environ:
        raise ProseError(f"{text} needs rewriting")
    print(f"With these data {text} no longer holds.")
