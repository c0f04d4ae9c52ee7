"""English text that comes with Python."""

from dataclasses import dataclass
from pydoc_data.topics import topics

import unison
from unison import Tensor

__all__ = ["Text", "english_text"]

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Text:
    """A text as numbers: each is the position of a character in `vocabulary`. Both parts are int64 (N,)."""

    vocabulary: str
    train: Tensor
    validation: Tensor

    def encode(self, text: str) -> Tensor:
        """Turn characters into numbers, int64 (len(text),).

        Raises:
            ValueError: a character is not in the vocabulary.
        """
        return unison.tensor(_positions(text, self.vocabulary))

    def decode(self, numbers: Tensor) -> str:
        """Turn numbers (N,) back into characters."""
        return "".join(self.vocabulary[i] for i in numbers.tolist())


def english_text() -> Text:
    """The help topics of this Python's `pydoc_data.topics`: technical English, about 480,000 characters.

    Topics stand in the order of their names; what is not ASCII is left out. The last tenth is for validation.
    The text belongs to the running Python, so it differs a little from one version of Python to the next.

    >>> text = english_text()
    >>> text.decode(text.encode("if x:"))
    'if x:'
    """
    whole = "\n\n".join(topics[name] for name in sorted(topics)).encode("ascii", "ignore").decode("ascii")
    vocabulary = "".join(sorted(set(whole)))
    numbers = unison.tensor(_positions(whole, vocabulary))
    cut = int(len(whole) * (1 - VALIDATION_SHARE))
    return Text(vocabulary, numbers[:cut], numbers[cut:])


def _positions(text: str, vocabulary: str) -> list[int]:
    position = {character: i for i, character in enumerate(vocabulary)}
    if unknown := sorted(set(text) - position.keys()):
        raise ValueError(f"encode: {unknown} not in the vocabulary; it has {vocabulary!r}")
    return [position[character] for character in text]
