"""The parts of the DataLoader: nothing here is public except `collate.default_collate_fn_map`, made to be extended.

Start with `fetch.py` (how a batch is read), then `worker.py` and `pool.py`, the two ends of a worker process.
"""

__all__: list[str] = []
