"""A measure of how many of PyTorch's operators a torch-shaped module carries.

PyTorch describes its operators in a database, `op_db`: for each one its names, dtypes and sample inputs.
Here those samples are run through PyTorch and through a candidate (`unison`, or any module with the same
interface), and values, gradients, methods, in-place variants, operators and errors are compared.

    python -m tests.parity.harness --ops 'linalg' --fast

Imported may be PyTorch, NumPy and the standard library; the candidate is reached by its public names alone.
Start reading at `measure.py`; `checks.py` says what agreement means, `rebind.py` how a counterpart is found.
"""
