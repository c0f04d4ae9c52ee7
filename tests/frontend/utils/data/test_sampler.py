from collections import Counter

import pytest

import unison
from unison.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def seeded(seed=5):
    return unison.Generator().manual_seed(seed)


def test_sampler_without_iter_says_what_to_define():
    with pytest.raises(NotImplementedError, match="must define __iter__"):
        iter(Sampler())


def test_sequential_sampler_counts():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert len(SequentialSampler("abc")) == 3


def test_random_sampler_permutes():
    order = list(RandomSampler(range(50)))
    assert sorted(order) == list(range(50))
    assert order != list(range(50))


def test_random_sampler_follows_the_default_seed_and_changes_each_pass():
    unison.manual_seed(3)
    sampler = RandomSampler(range(50))
    first, second = list(sampler), list(sampler)
    assert first != second
    unison.manual_seed(3)
    assert [list(sampler), list(sampler)] == [first, second]


def test_random_sampler_follows_its_generator():
    assert list(RandomSampler(range(50), generator=seeded())) == list(
        RandomSampler(range(50), generator=seeded())
    )
    assert list(RandomSampler(range(50), generator=seeded(1))) != list(
        RandomSampler(range(50), generator=seeded(2))
    )


def test_random_sampler_order_is_not_disturbed_by_other_draws():
    unison.manual_seed(3)
    undisturbed = list(RandomSampler(range(50)))
    unison.manual_seed(3)
    disturbed = []
    for index in RandomSampler(range(50)):
        unison.rand(3)
        disturbed.append(index)
    assert disturbed == undisturbed


def test_random_sampler_of_more_than_there_is_repeats_whole_permutations():
    order = list(RandomSampler(range(4), num_samples=10))
    assert len(order) == 10
    assert sorted(order[:4]) == sorted(order[4:8]) == [0, 1, 2, 3]
    assert len(set(order[8:])) == 2


def test_random_sampler_with_replacement_draws_independently():
    order = list(RandomSampler(range(4), replacement=True, num_samples=4000, generator=seeded()))
    counts = Counter(order)
    assert set(counts) == {0, 1, 2, 3}
    # Five standard deviations of a binomial count around its mean.
    assert all(abs(count - 1000) < 5 * (4000 * 0.25 * 0.75) ** 0.5 for count in counts.values())
    assert any(sorted(order[i : i + 4]) != [0, 1, 2, 3] for i in range(0, 40, 4))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"replacement": 1}, TypeError, "replacement should be a boolean value, but got replacement=1"),
        (
            {"num_samples": 0},
            ValueError,
            "num_samples should be a positive integer value, but got num_samples=0",
        ),
        ({"num_samples": 1.5}, ValueError, "num_samples=1.5"),
    ],
)
def test_random_sampler_refuses(options, error, message):
    with pytest.raises(error, match=message):
        RandomSampler(range(3), **options)


def test_random_sampler_refuses_an_empty_source():
    with pytest.raises(ValueError, match="num_samples=0"):
        RandomSampler([])


def test_subset_random_sampler_permutes_its_indices():
    indices = [7, 3, 11, 2, 30, 31, 32, 33]
    order = list(SubsetRandomSampler(indices, generator=seeded()))
    assert sorted(order) == sorted(indices)
    assert order == list(SubsetRandomSampler(indices, generator=seeded()))
    assert len(SubsetRandomSampler(indices)) == 8


def test_weighted_random_sampler_follows_the_weights():
    sampler = WeightedRandomSampler([0.0, 1.0, 3.0], 4000, generator=seeded())
    counts = Counter(sampler)
    assert len(sampler) == sum(counts.values()) == 4000
    assert counts[0] == 0
    assert abs(counts[2] - 3000) < 5 * (4000 * 0.25 * 0.75) ** 0.5


def test_weighted_random_sampler_without_replacement_has_no_repeats():
    assert sorted(WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], 0), "num_samples should be a positive integer value"),
        (([1.0], 1, 3), "replacement should be a boolean value"),
        (([[1.0]], 1), r"weights should be a 1d sequence but given weights have shape \(1, 1\)"),
    ],
)
def test_weighted_random_sampler_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        WeightedRandomSampler(*arguments)


@pytest.mark.parametrize(
    ("drop_last", "expected"), [(False, [[0, 1, 2], [3, 4, 5], [6]]), (True, [[0, 1, 2], [3, 4, 5]])]
)
def test_batch_sampler_groups(drop_last, expected):
    sampler = BatchSampler(range(7), 3, drop_last)
    assert list(sampler) == expected
    assert len(sampler) == len(expected)


def test_batch_sampler_of_an_exact_multiple():
    assert list(BatchSampler(range(4), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(BatchSampler([], 2, drop_last=False)) == []


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True])
def test_batch_sampler_refuses_batch_size(batch_size):
    with pytest.raises(
        ValueError, match=f"batch_size should be a positive integer value, but got batch_size={batch_size}"
    ):
        BatchSampler(range(3), batch_size, drop_last=False)


def test_batch_sampler_refuses_drop_last():
    with pytest.raises(ValueError, match="drop_last should be a boolean value, but got drop_last=1"):
        BatchSampler(range(3), 2, 1)


@pytest.mark.parametrize("drop_last", [False, True])
def test_distributed_sampler_replicas_share_the_data(drop_last):
    replicas = [DistributedSampler(range(11), 3, rank, drop_last=drop_last) for rank in range(3)]
    shares = [list(replica) for replica in replicas]
    assert (
        [len(share) for share in shares]
        == [len(replica) for replica in replicas]
        == [3 if drop_last else 4] * 3
    )
    counts = Counter(index for share in shares for index in share)
    assert sorted(counts.values()) == ([1] * 9 if drop_last else [1] * 10 + [2])


def test_distributed_sampler_unshuffled_goes_round():
    assert list(DistributedSampler(range(5), 2, 1, shuffle=False)) == [1, 3, 0]
    assert list(DistributedSampler(range(1), 3, 2, shuffle=False)) == [0]
    assert list(DistributedSampler([], 2, 0)) == []


def test_distributed_sampler_epoch_and_seed_choose_the_order():
    sampler = DistributedSampler(range(40), 2, 0)
    first = list(sampler)
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first
    assert list(DistributedSampler(range(40), 2, 0, seed=1)) == list(sampler)


def test_distributed_sampler_refuses_a_rank_outside():
    with pytest.raises(ValueError, match=r"Invalid rank 2, rank should be in the interval \[0, 1\]"):
        DistributedSampler(range(3), 2, 2)


def test_distributed_sampler_needs_a_process_group_or_numbers(monkeypatch):
    monkeypatch.setattr(unison, "distributed", None, raising=False)
    with pytest.raises(
        RuntimeError, match="num_replicas was not given and the distributed package is not available"
    ):
        DistributedSampler(range(3))
    with pytest.raises(RuntimeError, match="rank was not given"):
        DistributedSampler(range(3), num_replicas=2)
