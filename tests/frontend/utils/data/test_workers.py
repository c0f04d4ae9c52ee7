import gc
import multiprocessing
import time

import numpy as np
import pytest

import unison
from tests.frontend.utils.data.helpers import (
    IGNORED,
    Count,
    Draws,
    Info,
    PerWorker,
    Slow,
    Squares,
    alive,
    existing_segments,
    identity,
    pids,
    pool_of,
    prefixes,
)
from unison.utils.data import DataLoader, get_worker_info

pytestmark = [pytest.mark.filterwarnings(text) for text in IGNORED]


def flat(loader):
    return [value for batch in loader for value in batch.tolist()]


def test_worker_info_is_none_outside_a_worker():
    assert get_worker_info() is None
    (info,) = DataLoader([0], collate_fn=lambda batch: get_worker_info())
    assert info is None


def test_worker_info_tells_the_workers_apart():
    generator = unison.Generator().manual_seed(1)
    batches = list(DataLoader(Info(), num_workers=2, generator=generator))
    rows = [tuple(column.item() for column in batch) for batch in batches]
    assert [row[0] for row in rows] == [0, 1, 0, 1, 0, 1]
    assert {row[1] for row in rows} == {2}
    assert {row[3] for row in rows} == {6}
    seeds = {row[:1]: row[2] for row in rows}
    assert seeds[1,] == seeds[0,] + 1


def test_worker_info_cannot_be_changed():
    class Changing(Squares):
        def __getitem__(self, index):
            get_worker_info().id = 3

    with pytest.raises(AttributeError, match="id"):
        list(DataLoader(Changing(1), num_workers=1, multiprocessing_context="fork"))


def test_workers_read_their_share_of_a_stream():
    loader = DataLoader(PerWorker([1, 5]), batch_size=None, num_workers=2)
    assert list(loader) == [0, 100, 101, 102, 103, 104]


def test_workers_order_of_a_stream_depends_on_no_timing():
    class Hesitant(PerWorker):
        def __iter__(self):
            for number in super().__iter__():
                time.sleep(0.05 if number < 100 else 0)
                yield number

    loader = DataLoader(Hesitant([3, 0, 5]), batch_size=None, num_workers=3, multiprocessing_context="fork")
    assert list(loader) == [0, 200, 1, 201, 2, 202, 203, 204]


def test_workers_without_sharding_repeat_the_stream():
    # Not by list(loader), which asks for the length and then warns.
    loader = DataLoader(Count(3), num_workers=2)
    assert [batch.item() for batch in loader] == [0, 0, 1, 1, 2, 2]


def test_workers_run_the_init_function_first():
    seen = multiprocessing.get_context("fork").SimpleQueue()
    loader = DataLoader(Squares(2), num_workers=2, worker_init_fn=seen.put, multiprocessing_context="fork")
    list(loader)
    assert sorted([seen.get(), seen.get()]) == [0, 1]
    assert seen.empty()


def test_init_function_may_choose_what_its_worker_reads():
    def split(worker):
        info = get_worker_info()
        info.dataset.length = 3 + worker

    loader = DataLoader(
        Count(99), batch_size=None, num_workers=2, worker_init_fn=split, multiprocessing_context="fork"
    )
    assert list(loader) == [0, 0, 1, 1, 2, 2, 3]


def draws(seed, **options):
    generator = unison.Generator().manual_seed(seed)
    loader = DataLoader(Draws(), batch_size=None, num_workers=2, generator=generator, **options)
    return [list(loader), list(loader)]


def test_workers_draw_what_the_seed_says():
    first = draws(1)
    assert draws(1) == first
    assert draws(2) != first


def test_workers_draw_differently_in_each_worker_and_epoch():
    epochs = draws(1)
    for source in range(3):
        values = [sample[source] for epoch in epochs for sample in epoch]
        assert len(set(values)) == len(values) == 16


def test_persistent_workers_draw_what_fresh_ones_would():
    assert draws(1, persistent_workers=True) == draws(1)


def test_persistent_workers_are_the_same_processes():
    loader = DataLoader(Squares(4), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    first = pids(iterator)
    assert flat(batch[1] for batch in iterator) == [0, 1, 2, 3]
    iterator = iter(loader)
    assert pids(iterator) == first
    assert flat(batch[1] for batch in iterator) == [0, 1, 2, 3]


def test_persistent_workers_start_again_after_a_broken_off_pass():
    loader = DataLoader(Squares(40, large=True), num_workers=2, persistent_workers=True)
    for _ in range(3):
        for position, batch in enumerate(loader):
            assert batch[1].item() == position
            if position == 1:
                break
    assert flat(batch[1] for batch in loader) == list(range(40))


def test_persistent_workers_restart_a_stream():
    loader = DataLoader(Count(5, shared=True), batch_size=None, num_workers=2, persistent_workers=True)
    assert [list(loader), list(loader)] == [[0, 1, 2, 3, 4]] * 2


def test_persistent_workers_run_the_init_function_once():
    seen = multiprocessing.get_context("fork").SimpleQueue()
    loader = DataLoader(
        Squares(2),
        num_workers=1,
        worker_init_fn=seen.put,
        persistent_workers=True,
        multiprocessing_context="fork",
    )
    list(loader), list(loader)
    assert seen.get() == 0
    assert seen.empty()


def test_persistent_workers_serve_one_iterator_at_a_time():
    loader = DataLoader(Squares(3), num_workers=1, persistent_workers=True)
    outer = iter(loader)
    inner = iter(loader)
    assert pids(inner) != pids(outer)
    assert [b[1].item() for b in inner] == [b[1].item() for b in outer] == [0, 1, 2]
    assert pids(iter(loader)) == pids(outer)


def test_persistent_workers_end_with_their_loader():
    loader = DataLoader(Squares(3, large=True), num_workers=2, persistent_workers=True)
    iterator = iter(loader)
    list(iterator)
    processes, names = pids(iterator), prefixes(iterator)
    assert all(map(alive, processes))
    assert existing_segments(names)
    del loader, iterator
    gc.collect()
    assert not any(map(alive, processes))
    assert existing_segments(names) == []


def test_persistent_workers_of_an_unnamed_loader_last_for_the_pass():
    assert flat(b[1] for b in DataLoader(Squares(6), num_workers=1, persistent_workers=True)) == list(
        range(6)
    )


def test_out_of_order_delivery_does_not_wait_for_the_slow_one():
    options = {"num_workers": 2, "batch_size": None, "prefetch_factor": 1}
    slow = Slow(0.5, at=[0])
    assert list(DataLoader(slow, **options)) == list(range(8))
    arrived = list(DataLoader(slow, in_order=False, **options))
    assert arrived[0] != 0
    assert sorted(arrived) == list(range(8))


def test_out_of_order_delivery_of_a_stream_is_complete():
    loader = DataLoader(Count(9, shared=True), batch_size=None, num_workers=2, in_order=False)
    assert sorted(loader) == list(range(9))


@pytest.mark.parametrize("prefetch_factor", [1, 2, 4])
def test_prefetch_factor_bounds_what_is_read_ahead(prefetch_factor):
    asked = []

    def keys():
        for key in range(30):
            asked.append(key)
            yield key

    loader = DataLoader(
        Squares(30), sampler=keys(), batch_size=None, num_workers=2, prefetch_factor=prefetch_factor
    )
    iterator = iter(loader)
    assert len(asked) == 2 * prefetch_factor
    next(iterator)
    assert len(asked) == 2 * prefetch_factor + 1


def test_timeout_names_itself_and_waiting_again_works():
    iterator = iter(DataLoader(Slow(0.6, at=[0]), batch_size=None, num_workers=1, timeout=0.2))
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.2 seconds"):
        next(iterator)
    assert pool_of(iterator)._results[0].poll(20)
    assert next(iterator) == 0


def test_timeout_does_not_disturb_a_loader_that_is_fast_enough():
    assert list(DataLoader(Slow(0.01), batch_size=None, num_workers=2, timeout=20)) == list(range(8))


def test_batches_survive_the_pass_and_are_independent():
    batches = list(DataLoader(Squares(12, large=True), num_workers=2))
    for number, (images, _) in enumerate(batches):
        assert images.tolist() == [[[float(number**2)] * 40] * 40]
        images.add_(1)
    assert [images[0, 0, 0].item() for images, _ in batches] == [number**2 + 1.0 for number in range(12)]


def test_batches_of_growing_size_fit():
    sizes = [10, 5000, 100, 20000, 1, 80000, 70000, 3]
    loader = DataLoader([np.arange(size) for size in sizes], batch_size=None, num_workers=2)
    for batch, size in zip(loader, sizes, strict=True):
        assert batch.tolist() == list(range(size))


def test_batches_of_growing_size_that_nobody_looks_at_leave_nothing():
    sizes = [2000 * 2 ** (index // 2) for index in range(12)]
    loader = DataLoader(
        [np.arange(size) for size in sizes], batch_size=None, num_workers=1, persistent_workers=True
    )
    for _ in range(3):
        for batch in loader:
            if len(batch) > 4000:
                break
    iterator = iter(loader)
    names = prefixes(iterator)
    assert existing_segments(names, generations=40)
    del iterator, loader
    gc.collect()
    assert existing_segments(names, generations=40) == []


def test_batches_reuse_their_slots():
    loader = DataLoader(Squares(40, large=True), num_workers=2, prefetch_factor=2)
    iterator = iter(loader)
    most = 0
    for _ in iterator:
        most = max(most, len(existing_segments(prefixes(iterator))))
    assert 1 <= most <= 4


def test_small_batches_need_no_shared_memory():
    iterator = iter(DataLoader(Squares(8), num_workers=1))
    for _ in range(4):
        next(iterator)
    assert existing_segments(prefixes(iterator)) == []


def test_large_batches_of_other_things_arrive():
    loader = DataLoader(
        ["x" * 300_000, b"y" * 300_000, list(range(50_000))], collate_fn=identity, num_workers=1
    )
    assert list(loader) == [["x" * 300_000], [b"y" * 300_000], [list(range(50_000))]]


def test_large_keys_and_large_answers_do_not_block_each_other():
    keys = [list(range(30_000))] * 12
    loader = DataLoader(
        range(30_000), batch_sampler=keys, collate_fn=identity, num_workers=2, prefetch_factor=4
    )
    assert all(batch == keys[0] for batch in loader)


def test_spawned_workers_do_what_forked_ones_do():
    def batches(context):
        generator = unison.Generator().manual_seed(4)
        loader = DataLoader(
            Squares(10, large=True),
            batch_size=3,
            shuffle=True,
            num_workers=2,
            persistent_workers=True,
            multiprocessing_context=context,
            generator=generator,
        )
        seen = [[(images.sum().item(), numbers.tolist()) for images, numbers in loader] for _ in range(2)]
        iterator = iter(loader)
        return seen, prefixes(iterator), pids(iterator)

    spawned, names, processes = batches("spawn")
    assert spawned == batches("fork")[0]
    gc.collect()
    assert existing_segments(names) == []
    assert not any(map(alive, processes))


def test_workers_within_a_worker_are_refused():
    class Nested(Squares):
        def __getitem__(self, index):
            return len(list(DataLoader(Squares(3), num_workers=self.inner)))

    nested = Nested(2)
    nested.inner = 1
    with pytest.raises(
        AssertionError, match=r"cannot be iterated inside a DataLoader worker.*use num_workers=0 there"
    ):
        list(DataLoader(nested, num_workers=1, multiprocessing_context="fork"))
    nested.inner = 0
    assert flat(DataLoader(nested, num_workers=1, multiprocessing_context="fork")) == [3, 3]


def test_workers_of_the_chosen_start_method(monkeypatch):
    from unison.utils.data._utils import pool

    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none: "spawn")
    assert pool.default_context().get_start_method() == "spawn"
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none: None)
    monkeypatch.setattr(pool.sys, "platform", "linux")
    assert pool.default_context().get_start_method() == "fork"


def test_two_loaders_work_side_by_side():
    loaders = [DataLoader(Squares(6, large=True), num_workers=1) for _ in range(2)]
    for a, b in zip(*loaders, strict=True):
        assert a[1].item() == b[1].item()


def test_workers_end_when_the_pass_is_over():
    iterator = iter(DataLoader(Squares(6, large=True), num_workers=2))
    processes, names = pids(iterator), prefixes(iterator)
    list(iterator)
    assert pool_of(iterator).closed
    assert not any(map(alive, processes))
    assert existing_segments(names) == []
