"""The torch-shaped functions, one module per theme, over core's small set of operators.

Functions normalise (overloads, `dim=None`, negative dimensions, `out=`, Python numbers) and then call operators,
which are strict. A function whose first argument is a tensor is also its method: `Tensor` takes it over by name in
`tensor.py`. May import core and `functions._common`; never NumPy except in `conversion`.
"""
