"""Operators: declared once, with signature, docstring, traits and rules, and kept in one registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, cast

from unison_core import dtypes, saving
from unison_core.dispatch import promotion
from unison_core.dispatch.table import KernelTable
from unison_core.dtypes import DType
from unison_core.errors import RegistrationError
from unison_core.saving import SavingPlan
from unison_core.spec import Spec, broadcast

__all__ = [
    "Arity",
    "Array",
    "Operator",
    "OperatorFunction",
    "Promote",
    "Result",
    "composite",
    "get",
    "primitive",
    "registry",
]

_VARARGS, _VARKEYWORDS = 0x04, 0x08

Array = Any
"""In operator signatures: a tensor in calls and rules, a backend's array in kernels."""


class Promote(Enum):
    """What happens to the dtypes of the data inputs before a kernel sees them."""

    NONE = "none"
    """They are taken as they are."""
    COMMON = "common"
    """They are promoted to one type."""
    FLOAT = "float"
    """They are promoted to one type, integers to the default floating type."""
    ACCUMULATE = "accumulate"
    """Bool and integers become int64."""


class Result(Enum):
    """How the result's memory relates to the inputs'."""

    NEW = "new"
    VIEW = "view"
    """It aliases the first input."""


class Arity(Enum):
    """Which call path serves the operator."""

    CREATION = "creation"
    UNARY = "unary"
    BINARY = "binary"
    ATTRIBUTED = "attributed"
    """One tensor and attributes."""
    NARY = "nary"
    VIEW = "view"
    WRITING = "writing"
    """It writes into its inputs and returns the first (Note [Operators that write])."""
    TRANSFER = "transfer"
    """One tensor, to another device: served by the two backends' copies, not by a kernel."""


Rule = Callable[[Callable[..., Any]], Callable[..., Any]]


class OperatorFunction(Protocol):
    """What a declared operator is in code: a plain function (the call path) that carries its rules."""

    operator: Operator
    infer: Callable[[Callable[..., Any]], Callable[..., Any]]
    vjp: Callable[..., Rule]
    jvp: Callable[[Callable[..., Any]], Callable[..., Any]]
    samples: Callable[[Callable[..., Any]], Callable[..., Any]]

    def __call__(self, *inputs: Any, **attrs: Any) -> Any:
        """Call the operator on tensors."""


@dataclass(eq=False)
class Operator:
    """One entry of the registry. `call` is what users run; `direct` is the same without asking the modes."""

    name: str
    theme: str
    declaration: Callable[..., Any]
    data: tuple[str, ...]
    variadic: bool
    defaults: dict[str, Any]
    attributes: tuple[str, ...]
    dtypes: frozenset[DType]
    promote: Promote
    result: Result
    elementwise: bool
    differentiable: bool
    body: Callable[..., Any] | None
    tags: frozenset[str] = frozenset()
    infer: Callable[..., Any] | None = None
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    samples: Callable[..., Any] | None = None
    saving: SavingPlan | None = None
    same_dtype: bool = True
    table: KernelTable = field(init=False)
    inplace_table: KernelTable = field(init=False)
    ready: set[Any] = field(init=False)
    """The backends' own objects of the dtypes that its kernels take unpromoted; `choosy`: it takes not all."""
    choosy: bool = field(init=False)
    call: Callable[..., Any] = field(init=False)
    direct: Callable[..., Any] = field(init=False)

    def __post_init__(self) -> None:
        self.table = KernelTable(self)
        self.inplace_table = KernelTable(self, inplace=True)
        self.ready = {native for native, dtype in promotion.NATIVE.items() if self.takes(dtype)}
        self.choosy = not all(map(self.takes, dtypes.ALL))

    def takes(self, dtype: DType) -> bool:
        """Whether its kernels take the dtype as it is: it is allowed, and promotion leaves it alone."""
        promotes = self.promote is Promote.FLOAT or (
            self.promote is Promote.ACCUMULATE and dtype is not dtypes.int64
        )
        return dtype in self.dtypes and (not promotes or dtype in dtypes.INEXACT)

    @property
    def is_primitive(self) -> bool:
        """Whether a backend must supply a kernel."""
        return self.body is None

    @property
    def arity(self) -> Arity:
        """Which call path serves it: decided by the declaration alone."""
        if not self.data:
            return Arity.CREATION
        if "transfer" in self.tags:
            return Arity.TRANSFER
        if "writes" in self.tags:
            return Arity.WRITING
        if self.result is Result.VIEW:
            return Arity.VIEW
        if self.variadic or len(self.data) > 2:
            return Arity.NARY
        if self.attributes or self.promote is Promote.ACCUMULATE:
            return Arity.ATTRIBUTED if len(self.data) == 1 else Arity.NARY
        return Arity.UNARY if len(self.data) == 1 else Arity.BINARY

    def check_parameters(self, given: Callable[..., Any], what: str, leading: int = 0) -> None:
        """Refuse a rule or kernel whose parameters are named otherwise than the declaration's.

        Raises:
            RegistrationError: the names or their kinds differ; the text names both places.
        """
        code = getattr(getattr(given, "__func__", given), "__code__", None)
        if code is None or code.co_flags & _VARKEYWORDS:
            return
        bound = 1 if hasattr(given, "__self__") else 0
        positional = code.co_argcount - bound - leading
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        star = bool(code.co_flags & _VARARGS)
        same = set(keywords) - {"out", "device"} == set(self.attributes) - {"out", "device"}
        if not same or (positional != len(self.data) - (star and self.variadic) and not star):
            raise RegistrationError(
                f"{what} of {self.name} ({_place(given)}) takes {positional} inputs and "
                f"({', '.join(keywords)}), but the operator ({_place(self.declaration)}) is declared as "
                f"{self.signature}"
            )

    @property
    def signature(self) -> str:
        """`sum(x, *, dim, keepdim)`: data positional, attributes keyword-only."""
        data = list(self.data)
        if self.variadic:
            data[-1] = "*" + data[-1]
        attrs = ([] if self.variadic or not self.attributes else ["*"]) + list(self.attributes)
        return f"{self.name}({', '.join(data + attrs)})"


def _place(function: Callable[..., Any]) -> str:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


class _Registry(dict[str, Operator]):
    """All operators by name."""

    def add(self, op: Operator) -> None:
        other = self.get(op.name)
        if other is not None:
            raise RegistrationError(
                f"operator {op.name!r} is declared twice: {_place(other.declaration)} and {_place(op.declaration)}"
            )
        self[op.name] = op


registry = _Registry()


def get(name: str) -> Operator:
    """The operator of that name.

    Raises:
        RegistrationError: there is none; the text lists the nearest names.
    """
    try:
        return registry[name]
    except KeyError:
        import difflib

        near = difflib.get_close_matches(name, registry, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise RegistrationError(f"no operator is named {name!r}{hint}") from None


def primitive(
    *,
    dtypes: Iterable[DType] = dtypes.ALL,
    promote: Promote = Promote.NONE,
    result: Result = Result.NEW,
    elementwise: bool = False,
    same_dtype: bool = True,
    differentiable: bool = True,
    tags: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], OperatorFunction]:
    """Declare an operator that every backend supplies a kernel for; its function has a docstring and no body."""

    def declare(function: Callable[..., Any]) -> OperatorFunction:
        return _declare(
            function, None, dtypes, promote, result, elementwise, same_dtype, differentiable, tags
        )

    return declare


def composite(
    *,
    dtypes: Iterable[DType] = dtypes.ALL,
    promote: Promote = Promote.NONE,
    elementwise: bool = False,
    same_dtype: bool = True,
    differentiable: bool = True,
    tags: Iterable[str] = (),
    writes: bool = False,
) -> Callable[[Callable[..., Any]], OperatorFunction]:
    """Declare an operator whose body is written in other operators; backends may supply a fused kernel."""

    def declare(function: Callable[..., Any]) -> OperatorFunction:
        return _declare(
            function,
            function,
            dtypes,
            promote,
            Result.NEW,
            elementwise,
            same_dtype,
            differentiable,
            (*tags, "writes") if writes else tags,
        )

    return declare


def _declare(
    function: Callable[..., Any],
    body: Callable[..., Any] | None,
    dtypes: Iterable[DType],
    promote: Promote,
    result: Result,
    elementwise: bool,
    same_dtype: bool,
    differentiable: bool,
    tags: Iterable[str],
) -> OperatorFunction:
    from unison_core.dispatch import paths

    if not function.__doc__:
        raise RegistrationError(f"operator {function.__name__} ({_place(function)}) has no docstring")
    data, variadic, attributes, defaults = _read_signature(function)
    op = Operator(
        name=function.__name__,
        theme=function.__module__.split(".ops.")[-1].split(".")[0],
        declaration=function,
        data=data,
        variadic=variadic,
        defaults=defaults,
        attributes=attributes,
        dtypes=frozenset(dtypes),
        promote=promote,
        result=result,
        elementwise=elementwise,
        differentiable=differentiable,
        body=body,
        tags=frozenset(tags),
        same_dtype=same_dtype,
    )
    registry.add(op)
    op.call = paths.make(op, watched=True)
    op.direct = paths.make(op, watched=False)
    if elementwise:
        op.infer = elementwise_rule(op)
    return _dress(op)


def _read_signature(
    function: Callable[..., Any],
) -> tuple[tuple[str, ...], bool, tuple[str, ...], dict[str, Any]]:
    """Data are the positional parameters, attributes the keyword-only ones; from the code object, for speed."""
    code = function.__code__
    count = code.co_argcount
    names = code.co_varnames
    attributes = names[count : count + code.co_kwonlyargcount]
    variadic = bool(code.co_flags & _VARARGS)
    data = names[:count] + ((names[count + code.co_kwonlyargcount],) if variadic else ())
    defaults = dict(function.__kwdefaults__ or {})
    if not data:
        # Creation operators: the device is where the call goes, not an attribute.
        attributes = tuple(a for a in attributes if a != "device")
        defaults.pop("device", None)
    return tuple(data), variadic, tuple(attributes), defaults


def _dress(op: Operator) -> OperatorFunction:
    """The call path with the rule decorators on it: `@sum.infer`, `@sum.vjp(...)`, `@sum.samples`."""

    def rule(kind: str, leading: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def attach(function: Callable[..., Any]) -> Callable[..., Any]:
            if function.__name__ != f"{op.name}_{kind}":
                raise RegistrationError(
                    f"the {kind} rule of {op.name} must be named {op.name}_{kind}, not {function.__name__}"
                )
            op.check_parameters(function, f"the {kind} rule", leading)
            setattr(op, kind, function)
            return function

        return attach

    def vjp(
        *, values: str | Mapping[str, str] = "", specs: str = ""
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        op.saving = saving.plan(op, values, specs)
        return rule("vjp", 2)

    def samples(function: Callable[..., Any]) -> Callable[..., Any]:
        op.samples = function
        return function

    call = cast(Any, op.call)
    call.__name__ = op.name
    call.__qualname__ = op.name
    call.__doc__ = op.declaration.__doc__
    call.__module__ = op.declaration.__module__
    call.operator = op
    call.infer = rule("infer", 0)
    call.jvp = rule("jvp", 0)
    call.samples = samples
    call.vjp = vjp
    return cast(OperatorFunction, call)


def elementwise_rule(op: Operator) -> Callable[..., Any]:
    """The infer rule of every elementwise operator: broadcast; the common dtype, or bool."""

    def infer(*specs: Any, **attrs: Any) -> Spec:
        given = [s for s in specs if s is not None]
        shape = given[0].shape if len(given) == 1 else broadcast(*[s.shape for s in given])
        return Spec(shape, given[-1].dtype if op.same_dtype else dtypes.bool_, given[0].device)

    return infer


def incomplete() -> Mapping[str, tuple[str, ...]]:
    """Every operator that lacks a rule it should have, with the names of the rules: empty when complete."""
    gaps = {}
    for name, op in registry.items():
        missing = [rule for rule in ("infer", "samples") if getattr(op, rule) is None]
        if op.differentiable and op.vjp is None and op.body is None:
            missing.append("vjp")
        if missing:
            gaps[name] = tuple(missing)
    return gaps
