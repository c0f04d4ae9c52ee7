"""Two ways to read a pickle: one that runs no code of the file's choosing, and Python's own.

# Note [Restricted reading]
`RestrictedUnpickler` interprets the opcodes itself instead of restricting `pickle.Unpickler`, because there
BUILD may write attributes of anything on the stack, functions included, and a forged memo index makes it
allocate gigabytes. Here: names come from `_globals.find` alone (nothing is imported), REDUCE calls only what
`find` marked as callable, NEWOBJ and BUILD touch only classes that the user allowed, and the opcodes that
only other pickles need do not exist. Deep tuples are refused: hashing them overflows the C stack.
"""

from __future__ import annotations

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from pickletools import genops
from typing import IO, Any

from unison.serialization._globals import Known, find, is_allowed, table

__all__ = ["FullUnpickler", "RestrictedUnpickler"]

_DEEPEST_TUPLE = 100
_CORRUPT = (AttributeError, EOFError, LookupError, OverflowError, TypeError, ValueError)


class FullUnpickler(pickle.Unpickler):
    """Python's unpickler, with PyTorch's names for tensors led to ours: it runs whatever the file says."""

    def __init__(self, stream: IO[bytes], persistent_load: Callable[[Any], Any], encoding: str) -> None:
        super().__init__(stream, encoding=encoding)
        self._persistent_load = persistent_load

    def persistent_load(self, pid: Any) -> Any:
        return self._persistent_load(pid)

    def find_class(self, module: str, name: str) -> Any:
        known = table().get(f"{module}.{name}") if module.partition(".")[0] == "torch" else None
        if known is None:
            return super().find_class(module, name)
        return known.value


class RestrictedUnpickler:
    """Reads one pickle from a stream; see Note [Restricted reading].

    Raises (from `load`):
        pickle.UnpicklingError: the file names something unknown, uses another opcode, or is corrupt.
    """

    def __init__(self, stream: IO[bytes], persistent_load: Callable[[Any], Any], encoding: str) -> None:
        self._stream = stream
        self._persistent_load = persistent_load
        self._encoding = encoding
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._known: dict[int, Known] = {}
        self._depths: dict[int, tuple[int, Any]] = {}
        # While `persistent_load` runs, which may call a user's map_location: its errors are not the file's.
        self._outside = False

    def load(self) -> Any:
        at: int | None = 0
        try:
            for opcode, argument, position in genops(self._stream):
                at = position
                action = _ACTIONS.get(opcode.name)
                if action is None:
                    raise UnpicklingError(f"opcode {opcode.name} has no place in a checkpoint")
                action(self, argument)
            return self._stack.pop()
        except _CORRUPT as error:
            if self._outside:
                raise
            raise UnpicklingError(
                f"the pickle is corrupt near byte {at}: {type(error).__name__}: {error}"
            ) from error

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _push_text(self, latin1: str) -> None:
        self._stack.append(latin1.encode("latin1").decode(self._encoding))

    def _mark(self, _: None) -> None:
        self._outer.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._outer.pop()
        return items

    def _take(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("the stack is empty")
        items = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return items

    def _pop(self, _: None) -> None:
        self._take(1)

    def _pop_mark(self, _: None) -> None:
        self._since_mark()

    def _put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def _memoize(self, _: None) -> None:
        self._put(len(self._memo))

    def _get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def _tuple(self, items: list[Any]) -> None:
        value = tuple(items)
        inner = [self._depths.get(id(item), (1,))[0] for item in items if type(item) is tuple]
        if inner:
            depth = 1 + max(inner)
            if depth > _DEEPEST_TUPLE:
                raise UnpicklingError(f"tuples are nested more than {_DEEPEST_TUPLE} deep")
            # The tuple is kept alive, so that its identity stays its own.
            self._depths[id(value)] = (depth, value)
        self._stack.append(value)

    def _global(self, names: str) -> None:
        module, _, name = names.partition(" ")
        self._resolve(module, name)

    def _stack_global(self, _: None) -> None:
        module, name = self._take(2)
        if type(module) is not str or type(name) is not str:
            raise UnpicklingError("a global is named by two strings")
        self._resolve(module, name)

    def _resolve(self, module: str, name: str) -> None:
        known = find(module, name)
        self._known[id(known.value)] = known
        self._stack.append(known.value)

    def _reduce(self, _: None) -> None:
        function, arguments = self._take(2)
        self._stack.append(self._call(function, arguments))

    def _call(self, function: Any, arguments: Any) -> Any:
        known = self._known.get(id(function))
        if known is None or known.call is None:
            raise UnpicklingError(
                f"the file calls {_describe(function)}, which is not callable in a checkpoint"
            )
        return known.call(*_plain(arguments, tuple))

    def _newobj(self, _: None) -> None:
        cls, arguments = self._take(2)
        self._stack.append(self._instance(cls, arguments, {}))

    def _newobj_ex(self, _: None) -> None:
        cls, arguments, keywords = self._take(3)
        self._stack.append(self._instance(cls, arguments, keywords))

    def _instance(self, cls: Any, arguments: Any, keywords: Any) -> Any:
        if not (isinstance(cls, type) and is_allowed(cls)):
            raise UnpicklingError(f"the file makes an instance of {_describe(cls)}, which was not allowed")
        return cls.__new__(cls, *_plain(arguments, tuple), **_plain(keywords, dict))

    def _build(self, _: None) -> None:
        self._set_state(self._stack[-2], *self._take(1))

    def _set_state(self, instance: Any, state: Any) -> None:
        if type(instance) is OrderedDict:
            _update(instance, _plain(state, dict))
        elif not is_allowed(type(instance)):
            raise UnpicklingError(f"the file sets the state of {_describe(instance)}, which was not allowed")
        elif hasattr(instance, "__setstate__"):
            instance.__setstate__(state)
        else:
            attributes, slots = state if isinstance(state, tuple) else (state, None)
            if attributes:
                instance.__dict__.update(attributes)
            for name, value in (slots or {}).items():
                setattr(instance, name, value)

    def _append(self, _: None) -> None:
        self._extend(self._take(1))

    def _extend(self, items: list[Any]) -> None:
        self._target(list).extend(items)

    def _add(self, items: list[Any]) -> None:
        self._target(set).update(items)

    def _setitem(self, _: None) -> None:
        self._setitems(self._take(2))

    def _setitems(self, items: list[Any]) -> None:
        target = self._target(dict, OrderedDict, Counter)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def _target(self, *types: type) -> Any:
        target = self._stack[-1]
        if type(target) not in types and not is_allowed(type(target)):
            raise UnpicklingError(
                f"the file writes into {_describe(target)} as if it were a {types[0].__name__}"
            )
        return target

    def _persistent(self, _: None) -> None:
        (pid,) = self._take(1)
        self._outside = True
        self._stack.append(self._persistent_load(pid))
        self._outside = False


def _plain(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise UnpicklingError(f"expected a {kind.__name__}, the file has {_describe(value)}")
    return value


def _update(instance: OrderedDict[Any, Any], state: dict[str, Any]) -> None:
    for name in state:
        # A state_dict carries `_metadata`; what the class defines is not the file's to replace.
        if hasattr(OrderedDict, name):
            raise UnpicklingError(f"the file replaces OrderedDict.{name}")
    instance.__dict__.update(state)


def _describe(value: object) -> str:
    return (
        f"{value.__module__}.{value.__qualname__}"
        if isinstance(value, type)
        else f"a value of type {type(value).__name__}"
    )


_Action = Callable[[RestrictedUnpickler, Any], None]
_ACTIONS: dict[str, _Action] = {
    "PROTO": lambda reader, argument: None,
    "FRAME": lambda reader, argument: None,
    "STOP": lambda reader, argument: None,
    "NONE": lambda reader, argument: reader._push(None),
    "NEWTRUE": lambda reader, argument: reader._push(True),
    "NEWFALSE": lambda reader, argument: reader._push(False),
    "BININT": RestrictedUnpickler._push,
    "BININT1": RestrictedUnpickler._push,
    "BININT2": RestrictedUnpickler._push,
    "LONG1": RestrictedUnpickler._push,
    "LONG4": RestrictedUnpickler._push,
    "BINFLOAT": RestrictedUnpickler._push,
    "BINUNICODE": RestrictedUnpickler._push,
    "SHORT_BINUNICODE": RestrictedUnpickler._push,
    "BINUNICODE8": RestrictedUnpickler._push,
    "BINBYTES": RestrictedUnpickler._push,
    "SHORT_BINBYTES": RestrictedUnpickler._push,
    "BINBYTES8": RestrictedUnpickler._push,
    "BYTEARRAY8": RestrictedUnpickler._push,
    "BINSTRING": RestrictedUnpickler._push_text,
    "SHORT_BINSTRING": RestrictedUnpickler._push_text,
    "EMPTY_DICT": lambda reader, argument: reader._push({}),
    "EMPTY_LIST": lambda reader, argument: reader._push([]),
    "EMPTY_SET": lambda reader, argument: reader._push(set()),
    "EMPTY_TUPLE": lambda reader, argument: reader._push(()),
    "MARK": RestrictedUnpickler._mark,
    "POP": RestrictedUnpickler._pop,
    "POP_MARK": RestrictedUnpickler._pop_mark,
    "DUP": lambda reader, argument: reader._push(reader._stack[-1]),
    "TUPLE": lambda reader, argument: reader._tuple(reader._since_mark()),
    "TUPLE1": lambda reader, argument: reader._tuple(reader._take(1)),
    "TUPLE2": lambda reader, argument: reader._tuple(reader._take(2)),
    "TUPLE3": lambda reader, argument: reader._tuple(reader._take(3)),
    "LIST": lambda reader, argument: reader._push(reader._since_mark()),
    "FROZENSET": lambda reader, argument: reader._push(frozenset(reader._since_mark())),
    "APPEND": RestrictedUnpickler._append,
    "APPENDS": lambda reader, argument: reader._extend(reader._since_mark()),
    "ADDITEMS": lambda reader, argument: reader._add(reader._since_mark()),
    "SETITEM": RestrictedUnpickler._setitem,
    "SETITEMS": lambda reader, argument: reader._setitems(reader._since_mark()),
    "BINPUT": RestrictedUnpickler._put,
    "LONG_BINPUT": RestrictedUnpickler._put,
    "MEMOIZE": RestrictedUnpickler._memoize,
    "BINGET": RestrictedUnpickler._get,
    "LONG_BINGET": RestrictedUnpickler._get,
    "GLOBAL": RestrictedUnpickler._global,
    "STACK_GLOBAL": RestrictedUnpickler._stack_global,
    "REDUCE": RestrictedUnpickler._reduce,
    "NEWOBJ": RestrictedUnpickler._newobj,
    "NEWOBJ_EX": RestrictedUnpickler._newobj_ex,
    "BUILD": RestrictedUnpickler._build,
    "BINPERSID": RestrictedUnpickler._persistent,
}
