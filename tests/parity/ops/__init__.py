"""The operators that must not regress, by PyTorch's own samples.

`carried.txt` lists those whose values and gradients agree with PyTorch, `complete.txt` those of them whose
methods, in-place variants, operators, error inputs and aliases do so too. Both are written by

    python -m tests.parity.harness --update

and one operator is looked into by `python -m tests.parity.harness --ops '^add$'`.
"""
