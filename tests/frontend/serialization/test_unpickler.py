"""Files that try to run code: each raises, and nothing of it runs."""

from __future__ import annotations

import builtins
import os
import pickle
import subprocess
from collections import OrderedDict

import pytest

import unison

RAN: list[object] = []


def run(*args: object) -> object:
    """What a payload calls; a full load proves that the payloads do reach it."""
    RAN.append(args)
    return {}


class Payload:
    def __init__(self, function, *args):
        self._reduced = function, args

    def __reduce__(self):
        return self._reduced


class State:
    def __setstate__(self, state):
        RAN.append(state)


class Slotted:
    __slots__ = ("a",)


ME = __name__


@pytest.fixture(autouse=True)
def _nothing_ran_before():
    RAN.clear()


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def global_(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


@pytest.mark.parametrize("protocol", range(6))
def test_call_of_a_function_is_refused_in_every_protocol(protocol, checkpoint):
    content = pickle.dumps({"weights": Payload(run, "x")}, protocol)
    unison.load(checkpoint(content), weights_only=False)
    assert RAN == [("x",)], "the payload should work where it may"
    RAN.clear()
    with pytest.raises(pickle.UnpicklingError):
        unison.load(checkpoint(content))
    assert RAN == []


def test_refusal_names_the_global_and_the_ways_out(checkpoint):
    with pytest.raises(
        pickle.UnpicklingError,
        match=r"'.*test_unpickler\.run'.*add_safe_globals\(\[run\]\).*weights_only=False",
    ):
        unison.load(checkpoint(pickle.dumps(Payload(run), 2)))


@pytest.mark.parametrize(
    "payload",
    [
        Payload(os.system, "touch {marker}"),
        Payload(os.mkdir, "{marker}"),
        Payload(subprocess.check_call, ["touch", "{marker}"]),
        Payload(eval, "__import__('os').mkdir('{marker}')"),
        Payload(exec, "import os; os.mkdir('{marker}')"),
        Payload(builtins.__import__, "antigravity"),
        Payload(open, "{marker}", "w"),
        Payload(getattr, Payload(builtins.__import__, "os"), "system"),
        Payload(map, eval, ["__import__('os').mkdir('{marker}')"]),
        Payload(OrderedDict, Payload(map, eval, ["1"])),
        Payload(set, Payload(run)),
    ],
    ids=lambda p: f"{p._reduced[0].__name__}-{type(p._reduced[1][0]).__name__}",
)
def test_call_of_a_builtin_or_os_function_is_refused(payload, checkpoint, tmp_path):
    marker = tmp_path / "ran"
    content = pickle.dumps(payload, 2)
    short, full = b"{marker}", str(marker).encode()
    for n in range(len(content)):  # Strings carry their length before them.
        if (
            content[n : n + 1] == b"X"
            and short in content[n + 5 : n + 5 + int.from_bytes(content[n + 1 : n + 5], "little")][:200]
        ):
            length = int.from_bytes(content[n + 1 : n + 5], "little")
            body = content[n + 5 : n + 5 + length].replace(short, full)
            content = content[: n + 1] + len(body).to_bytes(4, "little") + body + content[n + 5 + length :]
            break
    with pytest.raises(pickle.UnpicklingError, match="does not know; nothing was run"):
        unison.load(checkpoint(content))
    assert not marker.exists()
    assert RAN == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("collections", "OrderedDict.fromkeys"),
        ("collections", "_sys.modules"),
        ("torch", "serialization.os.system"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("torch", "load"),
        ("torch.jit", "load"),
        ("torch.hub", "load"),
        ("unison", "load"),
        ("unison.serialization._rebuild", "tensor_v2"),
        ("numpy", "load"),
        ("builtins", "list"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_name_outside_the_table_is_refused(module, name, protocol, checkpoint):
    asked = global_(module, name) if protocol == 2 else text(module) + text(name) + b"\x93"
    with pytest.raises(pickle.UnpicklingError, match="the file asks for"):
        unison.load(checkpoint(bytes([0x80, protocol]) + asked + b"."))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (global_("torch", "float32") + b")R", "calls a value of type (dtype|DType)"),
        (global_("torch", "Tensor") + b")R", "not callable"),
        (global_("torch", "FloatStorage") + b")R", "not callable"),
        (global_("collections", "OrderedDict") + b")R)R", "calls a value of type OrderedDict"),
        (text("os") + b")R", "calls a value of type str"),
        (b"K\x01)R", "calls a value of type int"),
        (global_("collections", "OrderedDict") + b")\x81", "makes an instance of collections.OrderedDict"),
        (global_("torch", "Tensor") + b")\x81", "makes an instance of"),
        (text("os") + b")\x81", "makes an instance of a value of type str"),
        (global_("torch", "Tensor") + b")}\x92", "makes an instance of"),
        (
            global_("collections", "OrderedDict") + b"}" + text("keys") + b"Nsb",
            "sets the state of collections.OrderedDict",
        ),
        (
            global_("torch._utils", "_rebuild_tensor_v2") + b"}" + text("x") + b"Nsb",
            "sets the state of a value of type function",
        ),
        (
            global_("torch._utils", "_rebuild_tensor_v2") + b"N}" + text("__defaults__") + b")s\x86b",
            "sets the state",
        ),
        (
            global_("collections", "OrderedDict") + b")R}" + text("items") + b"Nsb",
            "replaces OrderedDict.items",
        ),
        (b"]}" + text("x") + b"Nsb", "sets the state of a value of type list"),
        (b"}K\x01a", "writes into a value of type dict as if it were a list"),
        (b"]K\x01K\x02s", "writes into a value of type list as if it were a dict"),
        (text("x") + b"K\x01a", "writes into a value of type str"),
        (global_("collections", "OrderedDict") + text("x") + b"R", "expected a tuple"),
    ],
)
def test_opcode_on_something_else_than_it_is_for_is_refused(content, reason, checkpoint):
    with pytest.raises(pickle.UnpicklingError, match=reason):
        unison.load(checkpoint(b"\x80\x02" + content + b"."))


@pytest.mark.parametrize(
    "content",
    [
        f"(i{ME}\nrun\n".encode(),
        b"(" + global_(ME, "run") + b"o",
        b"\x82\x01",
        b"P0\n",
        b"I1\n",
        b"V text\n",
        b"S'text'\n",
        b"\x97",
    ],
    ids=["INST", "OBJ", "EXT1", "PERSID", "INT", "UNICODE", "STRING", "NEXT_BUFFER"],
)
def test_opcode_without_a_place_in_a_checkpoint_is_refused(content, checkpoint):
    with pytest.raises(pickle.UnpicklingError, match=r"has no place in a checkpoint|asks for"):
        unison.load(checkpoint(b"\x80\x02" + content + b"."))
    assert RAN == []


@pytest.mark.parametrize(
    "content",
    [
        b".",
        b"K\x01",
        b"h\x05.",
        b"t.",
        b"K\x01\x86.",
        b"\x80\x02}]K\x01s.",
        b"}(K\x01u.",
        b"X\xff\xff\xff\x7fabc.",
        b"\xff.",
        b"cbroken",
    ],
)
def test_pickle_that_does_not_add_up_is_corrupt(content, checkpoint):
    with pytest.raises(pickle.UnpicklingError, match="the pickle is corrupt near byte"):
        unison.load(checkpoint(content))


@pytest.mark.parametrize(
    "content",
    [
        global_("builtins", "bytearray") + b"J\xff\xff\xff\x7f\x85R",
        global_("builtins", "set") + text("text") + b"\x85R",
        global_("builtins", "complex") + text("1j") + b"K\x01\x86R",
        global_("collections", "Counter") + text("text") + b"\x85R",
        global_("collections", "OrderedDict") + text("text") + b"\x85R",
        global_("_codecs", "encode") + text("text") + text("zlib") + b"\x86R",
        global_("torch", "Size") + text("text") + b"\x85R",
        global_("torch", "device") + b"K\x00\x85R",
        global_("torch._utils", "_rebuild_tensor_v2") + b"(NK\x00))\x89}tR",
        global_("torch._utils", "_rebuild_parameter") + b"NK\x00}\x87R",
        global_("torch._tensor", "_rebuild_from_type_v2") + b"(" + global_("builtins", "set") + b"N)}tR",
    ],
)
def test_call_with_arguments_it_is_not_for_is_refused(content, checkpoint):
    with pytest.raises(pickle.UnpicklingError, match="should be given"):
        unison.load(checkpoint(b"\x80\x02" + content + b"."))


def test_forged_memo_index_costs_no_memory(checkpoint):
    assert unison.load(checkpoint(b"\x80\x02K\x07r\xff\xff\xff\x7f0j\xff\xff\xff\x7f.")) == 7


def test_tuples_too_deep_to_hash_are_refused(checkpoint):
    with pytest.raises(pickle.UnpicklingError, match="nested more than 100 deep"):
        unison.load(checkpoint(b"\x80\x02})" + b"\x85" * 1_000_000 + b"Ns."))


def test_deep_lists_are_read(checkpoint):
    depth, value = 0, unison.load(checkpoint(b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b"."))
    while value:
        depth, value = depth + 1, value[0]
    assert depth == 49_999


def test_attribute_of_a_tensor_cannot_replace_what_its_class_defines(checkpoint):
    content = (
        global_("torch._tensor", "_rebuild_from_type_v2")
        + b"("
        + global_("torch._utils", "_rebuild_meta_tensor_no_storage")
        + global_("torch", "Tensor")
        + b"("
        + global_("torch", "float32")
        + b"))\x89t}"
        + text("backward")
        + b"NstR"
    )
    with pytest.raises(pickle.UnpicklingError, match="an attribute, which 'backward' is not"):
        unison.load(checkpoint(b"\x80\x02" + content + b"."))


def test_setstate_of_a_class_that_was_not_allowed_does_not_run(checkpoint):
    content = pickle.dumps(State(), 2).replace(b".", b"", 0)
    with pytest.raises(pickle.UnpicklingError, match=r"test_unpickler\.State'"):
        unison.load(checkpoint(content[:-1] + b"}K\x01K\x02sb."))
    assert RAN == []
