"""Small data sets that need no network: handwritten digits and English text.

`images` holds the digits, `text` the English. Both import NumPy or the standard library to read a file, and
`unison` to make tensors of it. README.md says where the data come from and under which licence.
"""

from unison.datasets.images import Digits, digits
from unison.datasets.text import Text, english_text

__all__ = ["Digits", "Text", "digits", "english_text"]
