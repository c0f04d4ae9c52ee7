"""Random tensors. Every call takes one stream of its generator, so the same seed gives the same numbers on every
device, whatever was drawn where (Note [Random streams] in the operators of core).

`generator`, `drawing` (uniform, normal, integers) and `distributions`. May import core and `unison.functions`.
"""

from unison.functions.random.distributions import (
    bernoulli,
    multinomial,
    normal,
    poisson,
)
from unison.functions.random.drawing import (
    integers,
    normal_like,
    normal_numbers,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    uniform,
    uniform_like,
)
from unison.functions.random.generator import (
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    next_stream,
    seed,
    set_rng_state,
)

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "integers",
    "manual_seed",
    "multinomial",
    "next_stream",
    "normal",
    "normal_like",
    "normal_numbers",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
    "uniform",
    "uniform_like",
]
