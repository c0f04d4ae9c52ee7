"""How tensors print: as torch has it, in columns of equal width, summarised when there are many elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil, inf, isfinite
from typing import Any

from unison_core import dtypes

__all__ = ["PrintOptions", "get_printoptions", "set_printoptions", "tensor_text"]

_ELLIPSIS = " ..."


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """Digits after the point, elements before summarising, elements kept at each edge, columns, scientific notation."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=inf),
}
_options = PrintOptions()


def get_printoptions() -> PrintOptions:
    """The settings in force."""
    return _options


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print: a profile ("default", "short", "full") first, then what is given. sci_mode None decides by
    the elements.
    """
    global _options
    start = _options if profile is None else _PROFILES[profile]
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options = replace(start, sci_mode=sci_mode, **{k: v for k, v in given.items() if v is not None})


def tensor_text(t: Any, contents: str | None = None) -> str:
    """`tensor([1., 2.])` with size, dtype, device and graph where they are not the obvious ones."""
    prefix = "tensor("
    empty = 0 in t.array.shape
    suffixes = _suffixes(t, empty)
    if contents is None:
        if t.device.type == "meta":
            contents = "..."
        elif empty:
            contents = "[]"
        else:
            contents = _contents(t, len(prefix))
    return _with_suffixes(prefix + contents, suffixes, len(prefix))


def _suffixes(t: Any, empty: bool) -> list[str]:
    default = dtypes.get_default_dtype()
    meta = t.device.type == "meta"
    obvious = {default} if empty or meta else {default, default.to_complex(), dtypes.int64, dtypes.bool_}
    found = []
    if not t.device.is_host:
        found.append(f"device='{t.device}'")
    if meta or (empty and len(t.array.shape) != 1):
        found.append(f"size={tuple(t.array.shape)}")
    if t.dtype not in obvious:
        found.append(f"dtype={t.dtype!r}")
    node = t.grad_fn
    if node is not None:
        found.append(f"grad_fn=<{node.name()}>")
    elif t.requires_grad:
        found.append("requires_grad=True")
    return found


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """The suffixes after the contents, on a new line where they would not fit."""
    column = len(text) - text.rfind("\n") + 1
    parts = [text]
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            column = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            column += len(suffix) + 2
    return "".join(parts) + ")"


def _contents(t: Any, indent: int) -> str:
    from unison_core import handle

    plain = handle.alias(t)
    count = 1
    for n in plain.array.shape:
        count *= n
    nested = _kept(plain, summarise=count > _options.threshold)
    show, width = _formatter(plain.dtype, list(_flat(nested)))
    if not plain.array.shape:
        return show(nested)
    return _lines(nested, len(plain.array.shape), indent, show, width)


def _kept(t: Any, *, summarise: bool) -> Any:
    """The elements as nested lists, with `...` for those between the edges."""
    edge = _options.edgeitems
    shape = t.array.shape
    if not shape or not summarise:
        return t.tolist()
    if shape[0] <= 2 * edge:
        return [_kept(t[i], summarise=True) for i in range(shape[0])]
    ends = (range(edge), range(shape[0] - edge, shape[0]))
    first, last = ([_kept(t[i], summarise=True) for i in part] for part in ends)
    return [*first, ..., *last]


def _flat(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list):
        for item in nested:
            yield from _flat(item)
    elif nested is not ...:
        yield nested


def _formatter(dtype: Any, values: list[Any]) -> tuple[Callable[[Any], str], int]:
    """How to write one element, and how wide it gets."""
    if dtype in dtypes.COMPLEX:
        real, real_width = _float_formatter([v.real for v in values])
        imag, imag_width = _float_formatter([v.imag for v in values])

        def show(v: complex) -> str:
            part = imag(v.imag).lstrip()
            return real(v.real) + (part if part[0] == "-" else "+" + part) + "j"

        return show, real_width + imag_width + 1
    if dtype in dtypes.FLOATING:
        return _float_formatter(values)
    width = max(len(str(v)) for v in values)
    return (lambda v: str(v).rjust(width)), width


def _float_formatter(values: list[float]) -> tuple[Callable[[float], str], int]:
    """Whole numbers as `1.`, others with `precision` digits; scientific where sizes differ by more than 1000."""
    counted = [abs(v) for v in values if v and isfinite(v)]
    whole = all(v == ceil(v) for v in counted)
    precision = _options.precision
    scientific = _options.sci_mode
    if scientific is None:
        scientific = bool(counted) and _spread_out(min(counted), max(counted), whole)
    if scientific:
        form = f"{{:.{precision}e}}"
    else:
        form = "{:.0f}" if whole else f"{{:.{precision}f}}"
    dotted = whole and not scientific

    def write(v: float) -> str:
        return form.format(v) + ("." if dotted and isfinite(v) else "")

    width = max((len(write(v)) for v in values if v and isfinite(v)), default=1)
    return (lambda v: write(v).rjust(width)), width


def _spread_out(low: float, high: float, whole: bool) -> bool:
    return high / low > 1000.0 or high > 1e8 or (not whole and low < 1e-4)


def _lines(nested: Any, ndim: int, indent: int, show: Callable[[Any], str], width: int) -> str:
    """Rows in brackets; blank lines between planes."""
    if ndim == 1:
        texts = [_ELLIPSIS if v is ... else show(v) for v in nested]
        count = max(1, (_options.linewidth - indent) // (width + 2))
        rows = [texts[i : i + count] for i in range(0, len(texts), count)]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(row) for row in rows) + "]"
    parts = ["..." if v is ... else _lines(v, ndim - 1, indent + 1, show, width) for v in nested]
    return "[" + ("," + "\n" * (ndim - 1) + " " * (indent + 1)).join(parts) + "]"
