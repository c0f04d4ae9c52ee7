"""Softmax and the normalisations; start at softmax.py. May import core, nothing else.

Half types are computed in float32 and rounded once. The gradients that pay as kernels are operators of their own;
they are composites without a rule, so differentiating them again records their bodies.
"""
