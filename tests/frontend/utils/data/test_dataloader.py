import copy
import gc
import multiprocessing
import pickle
import weakref
from itertools import chain

import numpy as np
import pytest

import unison
from tests.frontend.utils.data.helpers import IGNORED, Count, PerWorker, Slow, Squares, doubled, identity
from unison.utils.data import DataLoader, RandomSampler, SequentialSampler, TensorDataset

pytestmark = [pytest.mark.filterwarnings(text) for text in IGNORED]

workers = pytest.mark.parametrize("num_workers", [0, 2])


def labels(loader):
    return [batch[1].tolist() for batch in loader]


@workers
def test_loader_batches_in_order(num_workers):
    loader = DataLoader(Squares(7), batch_size=3, num_workers=num_workers)
    batches = list(loader)
    assert [labels.tolist() for _, labels in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [images.tolist() for images, _ in batches] == [
        [[0.0] * 2, [1.0] * 2, [4.0] * 2],
        [[9.0] * 2, [16.0] * 2, [25.0] * 2],
        [[36.0] * 2],
    ]
    assert len(loader) == 3


@workers
def test_loader_drop_last_leaves_the_short_batch_out(num_workers):
    loader = DataLoader(Squares(7), batch_size=3, drop_last=True, num_workers=num_workers)
    assert labels(loader) == [[0, 1, 2], [3, 4, 5]]
    assert len(loader) == 2


@workers
def test_loader_without_batches_converts_samples(num_workers):
    loader = DataLoader(np.arange(4.0), batch_size=None, num_workers=num_workers)
    samples = list(loader)
    assert all(isinstance(sample, unison.Tensor) and sample.dtype == unison.float64 for sample in samples)
    assert [sample.item() for sample in samples] == [0.0, 1.0, 2.0, 3.0]
    assert len(loader) == 4


@workers
def test_loader_takes_a_sampler(num_workers):
    assert labels(DataLoader(Squares(9), batch_size=2, sampler=[8, 1, 5], num_workers=num_workers)) == [
        [8, 1],
        [5],
    ]


@workers
def test_loader_takes_a_batch_sampler(num_workers):
    loader = DataLoader(Squares(9), batch_sampler=[[8, 1], [5], [0, 2, 4]], num_workers=num_workers)
    assert labels(loader) == [[8, 1], [5], [0, 2, 4]]
    assert len(loader) == 3
    assert loader.batch_size is None


@workers
def test_loader_takes_a_collate_fn(num_workers):
    loader = DataLoader([1, 2, 3], batch_size=2, collate_fn=doubled, num_workers=num_workers)
    assert [batch.tolist() for batch in loader] == [[2, 4], [6]]
    assert list(DataLoader("abc", batch_size=2, collate_fn=identity, num_workers=num_workers)) == [
        ["a", "b"],
        ["c"],
    ]


@workers
def test_loader_of_nothing_is_empty(num_workers):
    assert list(DataLoader([], num_workers=num_workers)) == []


@workers
def test_loader_reads_a_stream(num_workers):
    loader = DataLoader(Count(7, shared=True), batch_size=2, num_workers=num_workers)
    expected = {0: [[0, 1], [2, 3], [4, 5], [6]], 2: [[0, 2], [1, 3], [4, 6], [5]]}
    assert [batch.tolist() for batch in loader] == expected[num_workers]


@workers
def test_loader_stream_drop_last_counts_per_worker(num_workers):
    loader = DataLoader(Count(7, shared=True), batch_size=2, drop_last=True, num_workers=num_workers)
    expected = {0: [[0, 1], [2, 3], [4, 5]], 2: [[0, 2], [1, 3], [4, 6]]}
    assert [batch.tolist() for batch in loader] == expected[num_workers]


@workers
def test_loader_stream_without_batches(num_workers):
    assert list(DataLoader(Count(5, shared=True), batch_size=None, num_workers=num_workers)) == [
        0,
        1,
        2,
        3,
        4,
    ]


@workers
def test_loader_shuffle_follows_the_generator_whatever_the_workers(num_workers):
    def epochs(seed):
        generator = unison.Generator().manual_seed(seed)
        loader = DataLoader(
            Squares(20), batch_size=5, shuffle=True, generator=generator, num_workers=num_workers
        )
        return [labels(loader), labels(loader)]

    def epochs_in_process(seed):
        generator = unison.Generator().manual_seed(seed)
        loader = DataLoader(Squares(20), batch_size=5, shuffle=True, generator=generator)
        return [labels(loader), labels(loader)]

    first, second = epochs(1)
    assert first != second
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(20))
    assert epochs(1) == epochs_in_process(1)
    assert epochs(2) != epochs_in_process(1)


@workers
def test_loader_shuffle_follows_the_default_seed(num_workers):
    loader = DataLoader(Squares(20), batch_size=5, shuffle=True, num_workers=num_workers)
    unison.manual_seed(9)
    first = labels(loader)
    unison.manual_seed(9)
    assert labels(loader) == first


@workers
def test_loader_iterators_are_independent(num_workers):
    loader = DataLoader(Squares(4), batch_size=2, num_workers=num_workers)
    pairs = [(a[1].tolist(), b[1].tolist()) for a in loader for b in loader]
    assert pairs == [(a, b) for a in [[0, 1], [2, 3]] for b in [[0, 1], [2, 3]]]


@workers
def test_loader_iterator_has_a_length_and_stays_exhausted(num_workers):
    iterator = iter(DataLoader(Squares(4), batch_size=2, num_workers=num_workers))
    assert len(iterator) == 2
    assert iter(iterator) is iterator
    list(iterator)
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(iterator)


def test_loader_iterator_cannot_be_pickled():
    with pytest.raises(NotImplementedError, match="LocalIterator cannot be pickled"):
        pickle.dumps(iter(DataLoader(Squares(4))))


def test_loader_is_lazy_without_workers():
    iterator = iter(DataLoader(Squares(4), sampler=[0, 99]))
    next(iterator)
    with pytest.raises(IndexError, match="99"):
        next(iterator)


def test_loader_default_samplers():
    assert isinstance(DataLoader(Squares()).sampler, SequentialSampler)
    assert isinstance(DataLoader(Squares(), shuffle=True).sampler, RandomSampler)


def test_loader_length_of_a_stream_is_what_the_dataset_says():
    assert len(DataLoader(Count(7), batch_size=3)) == 3
    assert len(DataLoader(Count(7), batch_size=3, drop_last=True)) == 2
    assert len(DataLoader(Count(7), batch_size=None)) == 7


def test_loader_length_of_a_stream_without_one_is_a_type_error():
    with pytest.raises(TypeError, match="len"):
        len(DataLoader(PerWorker([3])))


@workers
def test_loader_warns_when_a_stream_is_longer_than_announced(num_workers):
    loader = DataLoader(Count(3), batch_size=None, num_workers=num_workers)
    assert len(loader) == 3
    loader.dataset.length = 4
    pattern = "was reported to be 3 .*but more batches than that have been fetched"
    pattern += "; .* each one iterates the whole dataset unless" if num_workers else "$"
    with pytest.warns(UserWarning, match=pattern) as caught:
        for _ in loader:
            pass
    assert len(caught) == 1


def test_loader_does_not_warn_of_a_length_nobody_asked_for():
    # Not by list(loader), which asks for the length.
    assert [batch.item() for batch in DataLoader(Count(2), num_workers=2)] == [0, 0, 1, 1]


def test_loader_warns_of_more_workers_than_processors():
    with pytest.warns(UserWarning, match="This DataLoader will create 5000 worker processes"):
        DataLoader(Squares(), num_workers=5000)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_workers": -1}, ValueError, "num_workers option should be non-negative, got -1"),
        ({"timeout": -1}, ValueError, "timeout option should be non-negative, got -1"),
        ({"prefetch_factor": 3}, ValueError, "prefetch_factor=3 needs worker processes"),
        ({"prefetch_factor": 0, "num_workers": 1}, ValueError, "prefetch_factor option should be positive, got 0"),
        ({"persistent_workers": True}, ValueError, "persistent_workers option needs num_workers > 0"),
        ({"sampler": [0], "shuffle": True}, ValueError, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[0]], "shuffle": True}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[0]], "sampler": [0]}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_sampler": [[0]], "drop_last": True}, ValueError, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, ValueError, "batch_size=None option disables auto-batching"),
        ({"batch_size": 0}, ValueError, "batch_size should be a positive integer value, but got batch_size=0"),
        ({"multiprocessing_context": "fork"}, ValueError, "multiprocessing_context can only be used with"),
        ({"multiprocessing_context": "nope", "num_workers": 1}, ValueError, "valid start method in .*'nope'"),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "should be a valid context object or a string"),
    ],
)  # fmt: skip
def test_loader_refuses_options(options, error, message):
    with pytest.raises(error, match=message):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_loader_of_a_stream_refuses(options):
    name = next(iter(options))
    with pytest.raises(
        ValueError, match=f"DataLoader with IterableDataset: expected unspecified {name} option"
    ):
        DataLoader(Count(3), **options)


def test_loader_of_a_stream_accepts_shuffle_false():
    assert list(DataLoader(Count(2), batch_size=None, shuffle=False)) == [0, 1]


def test_loader_timeout_needs_workers():
    with pytest.raises(AssertionError, match="timeout=3 limits the wait for worker processes"):
        iter(DataLoader(Squares(), timeout=3))


@pytest.mark.parametrize(
    "name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"]
)
def test_loader_attributes_are_fixed(name):
    loader = DataLoader(Squares())
    with pytest.raises(
        ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"
    ):
        setattr(loader, name, None)


def test_loader_other_attributes_can_be_set():
    loader = DataLoader([1, 2], batch_size=2)
    loader.collate_fn = doubled
    loader.num_workers = 0
    assert next(iter(loader)).tolist() == [2, 4]


def test_loader_context_is_made_from_its_name():
    loader = DataLoader(Squares(), num_workers=1, multiprocessing_context="spawn")
    assert loader.multiprocessing_context.get_start_method() == "spawn"
    loader.multiprocessing_context = multiprocessing.get_context("fork")
    assert loader.multiprocessing_context.get_start_method() == "fork"


def test_loader_can_be_copied_and_pickled_without_its_workers():
    loader = DataLoader(Squares(4), batch_size=2, num_workers=1, persistent_workers=True)
    labels(loader)
    for other in (copy.copy(loader), pickle.loads(pickle.dumps(DataLoader(Squares(4), batch_size=2)))):
        assert labels(other) == [[0, 1], [2, 3]]
    assert labels(loader) == [[0, 1], [2, 3]]


def test_loader_of_slices_of_tensors():
    data = TensorDataset(unison.arange(6).reshape(3, 2), unison.tensor([1.5, 2.5, 3.5]))
    rows, values = next(iter(DataLoader(data, batch_size=3, num_workers=1)))
    assert (rows.tolist(), values.tolist()) == ([[0, 1], [2, 3], [4, 5]], [1.5, 2.5, 3.5])


def test_loader_pin_memory_without_an_accelerator_warns_and_does_nothing(monkeypatch):
    monkeypatch.setattr(unison, "accelerator", None, raising=False)
    with pytest.warns(UserWarning, match="no accelerator is found"):
        batches = list(DataLoader([1, 2], batch_size=2, pin_memory=True))
    assert batches[0].tolist() == [1, 2]


class _Accelerator:
    @staticmethod
    def is_available():
        return True


class _Batch:
    def __init__(self, values):
        self.values = values
        self.pinned = False

    def pin_memory(self):
        self.pinned = True
        return self


@workers
def test_loader_pin_memory_pins_tensors_and_what_can_pin_itself(num_workers, monkeypatch):
    pinned = []
    monkeypatch.setattr(unison, "accelerator", _Accelerator, raising=False)
    monkeypatch.setattr(
        unison.Tensor, "pin_memory", lambda self: pinned.append(self) or self + 100, raising=False
    )
    data = [(1, {"a": 2, "t": "x"}, [3])]
    (batch,) = DataLoader(data, pin_memory=True, num_workers=num_workers)
    assert [batch[0].item(), batch[1]["a"].item(), batch[1]["t"], batch[2][0].item()] == [
        101,
        102,
        ["x"],
        103,
    ]
    assert len(pinned) == 3
    (own,) = DataLoader([1], collate_fn=_Batch, pin_memory=True, num_workers=num_workers)
    assert own.pinned
    assert own.values == [1]


def test_loader_holds_no_sample_after_the_pass():
    class Token:
        pass

    tokens = []

    class Tokens(Slow):
        def __getitem__(self, index):
            token = Token()
            tokens.append(weakref.ref(token))
            return token

    gc.disable()
    try:
        for _ in DataLoader(Tokens(0), collate_fn=identity):
            pass
        del _
        assert all(token() is None for token in tokens)
    finally:
        gc.enable()
