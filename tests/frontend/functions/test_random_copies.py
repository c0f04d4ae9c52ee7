"""Generators are copied with their place in the stream."""

import copy
import pickle

import unison


def test_a_copied_generator_goes_on_like_the_original() -> None:
    one = unison.Generator().manual_seed(3)
    unison.rand(4, generator=one)
    others = (copy.deepcopy(one), pickle.loads(pickle.dumps(one)))
    wanted = unison.rand(5, generator=one).tolist()
    assert [unison.rand(5, generator=other).tolist() for other in others] == [wanted, wanted]
