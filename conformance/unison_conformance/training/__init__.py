"""The reference trainings of level 2: MLP, CNN, LSTM and GPT, small, on real data, from one seed.

`models` are the networks and their batches, `reference.json` what mathematics says of their first gradients (in
float64) and how far loss curves spread when the start differs in the last place, `judge` compares a device with
that. `python -m unison_conformance.training` measures the reference anew. Start in `judge`.
"""

from unison_conformance.training.judge import Trace, judge, reference, run
from unison_conformance.training.models import MODELS

__all__ = ["MODELS", "Trace", "judge", "reference", "run"]
