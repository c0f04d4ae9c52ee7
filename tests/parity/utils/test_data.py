"""Data loading against PyTorch: the same calls, described in plain values, must give the same description."""

import inspect
from collections import OrderedDict, UserDict, UserList, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import unison
import unison.utils.data

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

pytestmark = [
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

Pair = namedtuple("Pair", ["a", "b"])


def described(value, library):
    """Types, dtypes and values, with nothing left that belongs to one library."""
    if isinstance(value, library.Tensor):
        return ("tensor", str(value.dtype).rpartition(".")[2], tuple(value.shape), value.tolist())
    if hasattr(value, "items"):
        return (type(value).__name__, {key: described(item, library) for key, item in value.items()})
    if isinstance(value, (list, tuple, UserList)):
        return (type(value).__name__, [described(item, library) for item in value])
    return repr(value)


def outcome(function, library):
    """What the function gives for a library's `utils.data`: a description, or the class of the error."""
    try:
        return described(function(library), library)
    except Exception as error:  # noqa: BLE001 - the class is what is compared
        return type(error)


def assert_same(function):
    expected, ours = outcome(function, torch), outcome(function, unison)
    if isinstance(expected, type):
        assert isinstance(ours, type)
        assert issubclass(ours, expected)
    else:
        assert ours == expected


SAMPLES = {
    "ints": [1, -2, 3],
    "bools": [True, False],
    "bool and int": [True, 2],
    "floats": [0.5, 1.5],
    "float and int": [0.5, 2],
    "text": ["a", "bc"],
    "bytes": [b"a", b"bc"],
    "numpy scalars": [np.float32(1.5), np.float32(2)],
    "numpy ints": [np.int16(1), np.int16(2)],
    "numpy bools": [np.bool_(True), np.bool_(False)],
    "0-d arrays": [np.array(1.5), np.array(2.5)],
    "arrays": [np.arange(3, dtype=np.uint8), np.arange(3, dtype=np.uint8)],
    "arrays of text": [np.array(["a"])],
    "arrays of objects": [np.array([None])],
    "arrays of other shapes": [np.zeros(2), np.zeros(3)],
    "tuples": [(1, 2.0), (3, 4.0)],
    "lists": [[1, 2], [3, 4]],
    "empty tuples": [(), ()],
    "ragged": [[1, 2], [3]],
    "named tuples": [Pair(1, "x"), Pair(2, "y")],
    "dicts": [{"a": 1, "b": [2.0]}, {"a": 3, "b": [4.0]}],
    "ordered dicts": [OrderedDict(a=1), OrderedDict(a=2)],
    "user dicts": [UserDict(a=1), UserDict(a=2)],
    "mapping proxies": [MappingProxyType({"a": 1}), MappingProxyType({"a": 2})],
    "user lists": [UserList([1, 2]), UserList([3, 4])],
    "ranges": [range(2), range(2)],
    "missing keys": [{"a": 1}, {"b": 1}],
    "more keys": [{"a": 1}, {"a": 1, "b": 1}],
    "none": [None, None],
    "sets": [{1}, {2}],
    "complex": [1j, 2j],
    "large ints": [2**62, -(2**63)],
    "nothing": [],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_default_collate(name):
    assert_same(lambda library: library.utils.data.default_collate(SAMPLES[name]))


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16"])
def test_default_collate_of_tensors(dtype):
    def run(library):
        samples = [library.tensor([[0, 1], [1, 0]]).to(getattr(library, dtype)) for _ in range(3)]
        return library.utils.data.default_collate([(sample, {"x": sample}) for sample in samples])

    assert_same(run)


@pytest.mark.parametrize("name", SAMPLES)
def test_default_convert(name):
    assert_same(lambda library: library.utils.data.default_convert(SAMPLES[name]))


ORDERS = {
    "sequential": lambda d: d.SequentialSampler(range(5)),
    "batches": lambda d: d.BatchSampler(range(7), 3, False),
    "batches, drop": lambda d: d.BatchSampler(range(7), 3, True),
    "batches of batches": lambda d: d.BatchSampler(d.BatchSampler(range(7), 3, False), 2, False),
    **{
        f"distributed {length} over {replicas}, rank {rank}, drop {drop}": (
            lambda d, n=length, w=replicas, r=rank, drop=drop: d.DistributedSampler(
                range(n), w, r, shuffle=False, drop_last=drop
            )
        )
        for length in (1, 6, 7, 11)
        for replicas in (1, 2, 3, 5)
        for rank in (0, replicas - 1)
        for drop in (False, True)
    },
}


@pytest.mark.parametrize("name", ORDERS)
def test_sampler_order_and_length(name):
    def run(library):
        sampler = ORDERS[name](library.utils.data)
        return list(sampler), len(sampler), list(sampler)

    assert_same(run)


@pytest.mark.parametrize("length", [0, 1, 7, 10, 11])
@pytest.mark.parametrize(
    "lengths",
    [[0.3, 0.3, 0.4], [0.5, 0.5], [1.0], [0.1] * 10, [0.9, 0.05], [3, 4], [7], [1.5, -0.5], [0.2, 0.3, 0.5]],
)
@pytest.mark.filterwarnings("ignore:Length of split")
def test_random_split_lengths(length, lengths):
    assert_same(
        lambda library: [len(part) for part in library.utils.data.random_split(range(length), lengths)]
    )


BUILDS = {
    "tensor sizes": lambda lib, d: d.TensorDataset(lib.ones(2), lib.ones(3)),
    "tensors": lambda lib, d: [*d.TensorDataset(lib.ones(2, 2), lib.zeros(2))][1],
    "stack": lambda lib, d: [d.StackDataset([1, 2], "ab")[i] for i in (0, 1, -1)],
    "stack named": lambda lib, d: d.StackDataset(x=[1, 2], y="ab").__getitems__([1, 0]),
    "stack nothing": lambda lib, d: d.StackDataset(),
    "stack both": lambda lib, d: d.StackDataset([1], x=[1]),
    "stack sizes": lambda lib, d: d.StackDataset([1], [1, 2]),
    "concat": lambda lib, d: [d.ConcatDataset([[1, 2], [], [3]])[i] for i in (-3, -1, 0, 2)],
    "concat nothing": lambda lib, d: d.ConcatDataset([]),
    "concat too far": lambda lib, d: d.ConcatDataset([[1]])[1],
    "concat too far back": lambda lib, d: d.ConcatDataset([[1]])[-2],
    "chain of lists": lambda lib, d: list(d.ChainDataset([[1]])),
    "subset": lambda lib, d: d.Subset([5, 6, 7], [2, 0]).__getitems__([1, 0]),
    "subset too far": lambda lib, d: d.Subset([5, 6, 7], [2, 0])[2],
    "no getitem": lambda lib, d: d.Dataset()[0],
    "abstract stream": lambda lib, d: d.IterableDataset(),
    "random of nothing": lambda lib, d: d.RandomSampler([]),
    "random replacement": lambda lib, d: d.RandomSampler([1], replacement="yes"),
    "random count": lambda lib, d: d.RandomSampler([1], num_samples=-1),
    "weights shape": lambda lib, d: d.WeightedRandomSampler([[1.0]], 1),
    "weights count": lambda lib, d: d.WeightedRandomSampler([1.0], 0),
    "weights replacement": lambda lib, d: d.WeightedRandomSampler([1.0], 1, replacement=1),
    "batch size": lambda lib, d: d.BatchSampler([1], 0, False),
    "batch drop": lambda lib, d: d.BatchSampler([1], 1, "no"),
    "rank": lambda lib, d: d.DistributedSampler([1], 2, 2),
}


@pytest.mark.parametrize("name", BUILDS)
def test_datasets_and_samplers(name):
    assert_same(lambda library: BUILDS[name](library, library.utils.data))


OPTIONS = {
    "plain": {},
    "batches": {"batch_size": 3},
    "dropped": {"batch_size": 3, "drop_last": True},
    "unbatched": {"batch_size": None},
    "sampler": {"sampler": [3, 1, 1], "batch_size": 2},
    "batch sampler": {"batch_sampler": [[3], [], [1, 2]]},
    "batch sampler and size": {"batch_sampler": [[3]], "batch_size": 2},
    "sampler and shuffle": {"sampler": [3], "shuffle": True},
    "unbatched and dropped": {"batch_size": None, "drop_last": True},
    "workers": {"num_workers": -1},
    "timeout": {"timeout": -1},
    "timeout without workers": {"timeout": 1},
    "prefetch without workers": {"prefetch_factor": 2},
    "negative prefetch": {"prefetch_factor": -1, "num_workers": 1},
    "persistent without workers": {"persistent_workers": True},
    "context without workers": {"multiprocessing_context": "fork"},
    "unknown context": {"multiprocessing_context": "nope", "num_workers": 1},
    "context of another type": {"multiprocessing_context": 3, "num_workers": 1},
    "two workers": {"batch_size": 3, "num_workers": 2},
    "two workers, unbatched": {"batch_size": None, "num_workers": 2},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_loader_of_a_map(name):
    def run(library):
        loader = library.utils.data.DataLoader(np.arange(7), **OPTIONS[name])
        return len(loader), list(loader), loader.batch_size, loader.drop_last, loader.num_workers

    # An empty batch is an error in both, of the collate function.
    assert_same(run)


def stream(library, lengths):
    class Stream(library.utils.data.IterableDataset):
        def __iter__(self):
            info = library.utils.data.get_worker_info()
            worker = 0 if info is None else info.id
            return iter(range(100 * worker, 100 * worker + lengths[worker]))

    return Stream()


@pytest.mark.parametrize("lengths", [[5, 5], [0, 4], [7, 1], [1, 7], [0, 0]])
@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": None},
        {"batch_size": 2},
        {"batch_size": 2, "drop_last": True},
        {"batch_size": 3, "prefetch_factor": 1},
    ],
    ids=str,
)
def test_loader_of_a_stream_over_workers(lengths, options):
    def run(library):
        loader = library.utils.data.DataLoader(stream(library, lengths), num_workers=2, **options)
        return [batch.tolist() if hasattr(batch, "tolist") else batch for batch in loader]

    assert_same(run)


@pytest.mark.parametrize(
    "options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}, {"shuffle": False}]
)
def test_loader_of_a_stream_options(options):
    assert_same(lambda library: list(library.utils.data.DataLoader(stream(library, [3]), **options)))


class Broken:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        errors = {1: KeyError("k"), 2: OSError(2, "missing"), 3: ZeroDivisionError("z")}
        if index in errors:
            raise errors[index]
        return index


def test_worker_errors_have_the_same_classes():
    def run(library):
        iterator = iter(library.utils.data.DataLoader(Broken(), num_workers=1))
        seen = []
        for _ in range(5):
            try:
                seen.append(next(iterator).tolist())
            except Exception as error:  # noqa: BLE001 - the class is what is compared
                seen.append(type(error).__name__)
        return seen

    assert_same(run)


def test_public_names_and_defaults():
    for name in unison.utils.data.__all__:
        assert hasattr(torch.utils.data, name)
    for name in (
        "DataLoader",
        "RandomSampler",
        "BatchSampler",
        "DistributedSampler",
        "WeightedRandomSampler",
    ):
        ours = inspect.signature(getattr(unison.utils.data, name)).parameters
        theirs = inspect.signature(getattr(torch.utils.data, name)).parameters
        assert [(p.name, p.default, p.kind) for p in ours.values()] == [
            (p.name, p.default, p.kind) for p in theirs.values()
        ]
