from pydoc_data.topics import topics

import pytest

import unison
from unison.datasets import english_text


@pytest.fixture(scope="module")
def text():
    return english_text()


def test_text_is_that_of_the_topics(text):
    whole = text.decode(unison.cat([text.train, text.validation]))
    assert whole.startswith(topics[min(topics)][:200])
    assert topics["yield"][:300] in whole


def test_text_keeps_a_tenth_for_validation(text):
    assert len(text.validation) / (len(text.train) + len(text.validation)) == pytest.approx(0.1, abs=1e-4)


def test_text_is_numbers_below_the_size_of_the_vocabulary(text):
    assert text.train.dtype == unison.int64
    assert text.vocabulary == "".join(sorted(set(text.vocabulary)))
    assert text.train.max().item() < len(text.vocabulary) < 128


def test_encode_and_decode_are_inverse(text):
    assert text.decode(text.encode("def f(x): return x")) == "def f(x): return x"


def test_encode_refuses_unknown_characters(text):
    with pytest.raises(ValueError, match=r"encode: \['é'\] not in the vocabulary"):
        text.encode("café")
