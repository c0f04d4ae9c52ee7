"""Images that ship with the package."""

import gzip
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np

import unison
from unison import Tensor

__all__ = ["Digits", "digits"]

# Every seventh image is for testing: the writers wrote 0 to 9 in turn, and 7 has no factor in common with ten.
TEST_STRIDE = 7
LARGEST_PIXEL = 16


class Digits(NamedTuple):
    """Images, float32 (N, 1, 8, 8) in [0, 1], and the digits they show, int64 (N,)."""

    images: Tensor
    labels: Tensor


def digits(split: Literal["train", "test", "all"] = "all") -> Digits:
    """Handwritten digits: 1,797 grey images of 8 x 8 pixels, ten classes.

    The images are the UCI Optical Recognition of Handwritten Digits test set in the order of that file. Those at
    the positions 0, 7, 14, ... are "test" (257), the others "train" (1,540): every class and every
    writer appears in both.

    >>> images, labels = digits("train")
    >>> images.shape, labels[:3].tolist()
    (torch.Size([1540, 1, 8, 8]), [1, 2, 3])

    Raises:
        ValueError: split is none of "train", "test", "all".
    """
    if split not in ("train", "test", "all"):
        raise ValueError(f"digits: split is {split!r}; expected 'train', 'test' or 'all'")
    table = _rows()
    if split != "all":
        is_test = np.arange(len(table)) % TEST_STRIDE == 0
        table = table[is_test if split == "test" else ~is_test]
    images = (table[:, :-1] / np.float32(LARGEST_PIXEL)).astype(np.float32).reshape(-1, 1, 8, 8)
    return Digits(unison.from_numpy(images), unison.from_numpy(table[:, -1].astype(np.int64)))


def _rows() -> np.ndarray:
    """Read the file: a row an image, 64 pixels from 0 to 16 and the digit."""
    with (
        files("unison.datasets").joinpath("digits.csv.gz").open("rb") as packed,
        gzip.open(packed, "rt") as rows,
    ):
        return np.loadtxt(rows, delimiter=",", dtype=np.float32)
