"""Operators that treat each element by itself, broadcasting their inputs.

`arithmetic` (four operations, powers, extremes), `exponential`, `trigonometric`, `rounding`, `comparison`,
`logical` (and bits), `complex`, `special` (erf, gamma) and `activation`.
"""
