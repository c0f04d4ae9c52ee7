import pytest

import unison
from unison.datasets import digits


def test_digits_have_the_shape_and_range_they_promise():
    images, labels = digits()
    assert (tuple(images.shape), images.dtype) == ((1797, 1, 8, 8), unison.float32)
    assert (tuple(labels.shape), labels.dtype) == ((1797,), unison.int64)
    assert (images.min().item(), images.max().item()) == (0.0, 1.0)
    assert sorted(set(labels.tolist())) == list(range(10))


def test_digits_counts_agree_with_the_description_of_the_source():
    """Counts by class as the source's description lists them."""
    labels = digits().labels.tolist()
    assert [labels.count(i) for i in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_split_every_seventh_image_off():
    whole, train, test = digits("all"), digits("train"), digits("test")
    assert test.labels.tolist() == whole.labels.tolist()[::7]
    assert len(train.images) + len(test.images) == 1797
    assert train.images[5].tolist() == whole.images[6].tolist()
    assert train.images[6].tolist() == whole.images[8].tolist()


def test_digits_refuse_an_unknown_split():
    with pytest.raises(ValueError, match=r"digits: split is 'valid'; expected 'train', 'test' or 'all'"):
        digits("valid")
