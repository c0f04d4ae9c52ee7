"""The parts of `Tensor`: classes without slots of their own, one per theme, that `_tensor.Tensor` inherits from.

Functions that are methods as well stand there as one line each; what exists as a method alone (`uniform_`,
`element_size`) is written there. May import core and `unison.functions`, never `unison._tensor`. Start with `queries`.
"""
