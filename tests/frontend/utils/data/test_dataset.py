import pytest

import unison
from tests.frontend.utils.data.helpers import Count, Squares
from unison.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Batched(Dataset):
    """A list that records how it was asked."""

    def __init__(self, items, wrong_by=0):
        self.items, self.wrong_by, self.calls = items, wrong_by, []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        raise AssertionError("asked one by one")

    def __getitems__(self, indices):
        self.calls.append(indices)
        return [self.items[i] for i in indices][self.wrong_by :]


def test_dataset_without_getitem_says_what_to_define():
    class Empty(Dataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty is a Dataset and must define __getitem__"):
        Empty()[0]


def test_iterable_dataset_without_iter_cannot_be_made():
    class Empty(IterableDataset):
        pass

    with pytest.raises(TypeError, match="__iter__"):
        Empty()


def test_tensor_dataset_slices_all_tensors():
    data = TensorDataset(unison.arange(6).reshape(3, 2), unison.tensor([10, 20, 30]))
    row, label = data[1]
    assert (row.tolist(), label.item(), len(data)) == ([2, 3], 20, 3)


def test_tensor_dataset_refuses_different_lengths():
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3, 2\]"):
        TensorDataset(unison.ones(3), unison.ones(2))


def test_stack_dataset_gives_tuples_or_dicts():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    named = StackDataset(number=[1, 2], letter="ab")
    assert named[0] == {"number": 1, "letter": "a"}
    assert len(named) == 2
    assert named.__getitems__([1, 0]) == [{"number": 2, "letter": "b"}, {"number": 1, "letter": "a"}]


def test_stack_dataset_asks_for_batches_in_one_call():
    part = Batched("abcd")
    assert StackDataset(part, [0, 1, 2, 3]).__getitems__([3, 1]) == [("d", 3), ("b", 1)]
    assert part.calls == [[3, 1]]


@pytest.mark.parametrize(
    ("positional", "named", "message"),
    [
        (([1], [2]), {"a": [1]}, "got both"),
        ((), {}, "At least one dataset|at least one dataset"),
        (([1], [1, 2]), {}, r"Size mismatch between datasets.*\[1, 2\]"),
    ],
)
def test_stack_dataset_refuses(positional, named, message):
    with pytest.raises(ValueError, match=message):
        StackDataset(*positional, **named)


def test_stack_dataset_notices_a_part_that_returns_too_few():
    with pytest.raises(ValueError, match="asked for 2 samples and returned 1"):
        StackDataset(Batched("abcd", wrong_by=1)).__getitems__([0, 1])


def test_concat_dataset_counts_through_its_parts():
    data = ConcatDataset([[0, 1], [], [2], [3, 4, 5]])
    assert [data[i] for i in range(6)] == [0, 1, 2, 3, 4, 5]
    assert [data[i] for i in range(-6, 0)] == [0, 1, 2, 3, 4, 5]
    assert data.cumulative_sizes == [2, 2, 3, 6]


def test_concat_dataset_index_out_of_range():
    data = ConcatDataset([[0, 1]])
    with pytest.raises(IndexError, match="index 2 is out of range for a ConcatDataset of length 2"):
        data[2]
    with pytest.raises(ValueError, match="index -3 is out of range"):
        data[-3]


def test_concat_dataset_refuses_nothing_and_streams():
    with pytest.raises(AssertionError, match="empty"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset; chain"):
        ConcatDataset([[1], Count(3)])


def test_datasets_add_up():
    assert isinstance(Squares(2) + Squares(3), ConcatDataset)
    assert len(Squares(2) + Squares(3)) == 5
    chained = Count(2) + Count(3)
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [0, 1, 0, 1, 2]
    assert len(chained) == 5


def test_chain_dataset_refuses_map_style_parts_when_read():
    chained = ChainDataset([Count(1), [5]])
    with pytest.raises(AssertionError, match="only supports IterableDataset, got list"):
        list(chained)
    with pytest.raises(AssertionError, match="only supports IterableDataset, got list"):
        len(chained)


def test_subset_reads_through_its_indices():
    subset = Subset("abcdef", [5, 0, 3])
    assert [subset[0], subset[1], subset[2], len(subset)] == ["f", "a", "d", 3]
    assert subset.__getitems__([2, 0]) == ["d", "f"]
    part = Batched("abcdef")
    assert Subset(part, [5, 0, 3]).__getitems__([2, 0]) == ["d", "f"]
    assert part.calls == [[3, 5]]


def test_subset_passes_a_list_index_on():
    assert Subset(unison.arange(10), [5, 0, 3])[[0, 2]].tolist() == [5, 3]


def test_subset_that_overrides_getitem_alone_is_refused():
    class Loud(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index).upper()

    with pytest.raises(NotImplementedError, match="Loud overrides __getitem__ but not __getitems__"):
        Loud("abc", [0])


def test_random_split_is_a_partition_that_follows_the_generator():
    def split(seed):
        parts = random_split(range(10), [3, 7], generator=unison.Generator().manual_seed(seed))
        return [list(part) for part in parts]

    first, second = split(1)
    assert (len(first), len(second)) == (3, 7)
    assert sorted(first + second) == list(range(10))
    assert split(1) == [first, second]
    assert split(2) != [first, second]


def test_random_split_rounds_fractions_down_and_gives_the_rest_to_the_first():
    parts = random_split(range(11), [0.3, 0.3, 0.4])
    assert [len(part) for part in parts] == [4, 3, 4]


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 1], "Sum of input lengths does not equal the length of the input dataset"),
        ([0.5, 0.2], "Sum of input lengths"),
        ([1.5, -0.5], "Fraction at index 0 is not between 0 and 1: got 1.5"),
    ],
)
def test_random_split_refuses(lengths, message):
    with pytest.raises(ValueError, match=message):
        random_split(range(3), lengths)


def test_loader_reads_batches_through_getitems():
    data = Batched([1, 2, 3, 4, 5])
    assert [batch.tolist() for batch in DataLoader(data, batch_size=2)] == [[1, 2], [3, 4], [5]]
    assert data.calls == [[0, 1], [2, 3], [4]]
