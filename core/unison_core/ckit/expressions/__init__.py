"""What elementwise operators compute, as expressions of the dialect in a, b, c (see `sources/map.c`).

One module per theme of `unison_core.ops.elementwise`; functions that do not fit an expression stand in headers:
`sources/integer.h` and `sources/complex.h`, which come with every integer and complex expression, and those that an
operator's floating form names. Start reading in `forms`. Imports core's dtypes only.
"""

from __future__ import annotations

from unison_core.ckit.expressions import (
    activation,
    arithmetic,
    comparison,
    exponential,
    logical,
    rounding,
    special,
    trigonometric,
)
from unison_core.ckit.expressions.activation import GELU, GELU_BACKWARD
from unison_core.ckit.expressions.arithmetic import CLAMP
from unison_core.ckit.expressions.forms import Forms

__all__ = ["CLAMP", "EXPRESSIONS", "GELU", "GELU_BACKWARD", "Forms"]

EXPRESSIONS: dict[str, Forms] = {
    **activation.FORMS,
    **arithmetic.FORMS,
    **comparison.FORMS,
    **exponential.FORMS,
    **logical.FORMS,
    **rounding.FORMS,
    **special.FORMS,
    **trigonometric.FORMS,
}
