"""Deliberately wrong operators are found, each by the check that is meant for its mistake."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.harness import database  # noqa: E402
from tests.parity.harness.candidate import Candidate  # noqa: E402
from tests.parity.harness.measure import Measurement, measure  # noqa: E402
from tests.parity.harness.wrong import ABSENT, Raises, Wrong, wrong_sine  # noqa: E402


def of_dtype(dtype, right, change):
    """right, with its result changed where the input has dtype."""

    def mistaken(x, *args, **kwargs):
        out = right(x, *args, **kwargs)
        return change(out) if getattr(x, "dtype", None) is dtype else out

    return mistaken


def changed(right, change):
    return lambda *args, **kwargs: change(right(*args, **kwargs))


def without(right, *names):
    return lambda *args, **kwargs: right(*args, **{k: v for k, v in kwargs.items() if k not in names})


def overwrites(x):
    out = torch.exp(x)
    x.detach().zero_()
    return out


def never(*args, **kwargs):
    while True:
        pass


def refuses(*args, **kwargs):
    raise NotImplementedError("not here")


def lenient(right, answer):
    def mistaken(*args, **kwargs):
        try:
            return right(*args, **kwargs)
        except Exception:  # noqa: BLE001 - the mistake to be found
            return answer()

    return mistaken


def another_class(right):
    def mistaken(*args, **kwargs):
        try:
            return right(*args, **kwargs)
        except Exception as error:
            raise KeyError("no") from error

    return mistaken


# operator, change, check that finds it, words of its reason
MISTAKES = {
    "value": ("add", {"add": changed(torch.add, lambda out: out * 1.0001)}, "forward", "values differ"),
    "value-int64": ("mul", {"mul": of_dtype(torch.int64, torch.mul, torch.neg)}, "forward", "values differ"),
    "value-bool": (
        "any",
        {"any": of_dtype(torch.bool, torch.any, torch.logical_not)},
        "forward",
        "values differ",
    ),
    "dtype": (
        "eq",
        {"eq": changed(torch.eq, lambda out: out.to(torch.uint8))},
        "forward",
        "dtype torch.uint8",
    ),
    "shape": ("sum", {"sum": without(torch.sum, "keepdim")}, "forward", "shape"),
    "strided-input": (
        "ravel",
        {"ravel": lambda x: x.as_strided((x.numel(),), (1,))},
        "forward",
        "values differ",
    ),
    "namespace": ("nn.functional.relu", {"nn.functional.relu": torch.tanh}, "forward", "values differ"),
    "wrapper": ("where", {"where": lambda c, x, y: torch.where(c, y, x)}, "forward", "values differ"),
    "kind": ("split", {"split": changed(torch.split, list)}, "forward", "list, expected tuple"),
    "count": (
        "unbind",
        {"unbind": changed(torch.unbind, lambda out: out[:-1])},
        "forward",
        "results, expected",
    ),
    "fields": ("sort", {"sort": changed(torch.sort, tuple)}, "forward", "no field"),
    "scalar": ("allclose", {"allclose": lambda *a, **k: 1}, "forward", "int, expected bool"),
    "random-shape": ("randn", {"randn": lambda *a, **k: torch.randn(1, 2, 3)}, "forward", "shape"),
    "empty-dtype": ("empty", {"empty": without(torch.empty, "dtype")}, "forward", "dtype"),
    "input-overwritten": ("exp", {"exp": overwrites}, "forward", "input afterwards"),
    "exception": ("tan", {"tan": refuses}, "forward", "raises NotImplementedError: not here"),
    "vectors": (
        "linalg.eigh",
        {"linalg.eigh": changed(torch.linalg.eigh, lambda out: type(out)((out[0], out[1].flip(-1))))},
        "forward",
        "values differ",
    ),
    "gradient": ("sin", {"sin": wrong_sine.apply}, "gradient", "gradient [0]: values differ"),
    "no-gradient": ("cos", {"cos": changed(torch.cos, torch.detach)}, "gradient", "require gradients"),
    "part-of-gradient": ("mul", {"mul": lambda x, y: torch.mul(x, y.detach())}, "gradient", "gradient [1]"),
    "method": ("abs", {"Tensor.abs": torch.neg}, "method", "values differ"),
    "method-absent": ("abs", {"Tensor.abs": ABSENT}, "method", "no Tensor.abs"),
    "inplace": ("neg", {"Tensor.neg_": torch.neg}, "inplace", "does not return its input"),
    "inplace-copy": (
        "neg",
        {"Tensor.neg_": lambda x: x.neg_().clone()},
        "inplace",
        "does not return its input",
    ),
    "inplace-partial": (
        "nn.functional.mish",
        {"nn.functional.mish": without(torch.nn.functional.mish, "inplace")},
        "inplace",
        "does not return its input",
    ),
    "lenient": (
        "cat",
        {"cat": lenient(torch.cat, lambda: torch.zeros(1))},
        "errors",
        "accepts what PyTorch refuses",
    ),
    "error-class": ("cat", {"cat": another_class(torch.cat)}, "errors", "raises KeyError"),
    "alias": ("abs", {"absolute": ABSENT}, "alias", "wrong has no absolute"),
}


def measured(name: str, changes: dict, **options) -> Measurement:
    (op,) = [op for op in database.entries() if op.full_name == name]
    return measure(op, Candidate(Wrong(changes)), **options)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_harness_finds(mistake):
    name, changes, check, words = MISTAKES[mistake]
    made = measured(name, changes, limit=40)
    assert list(made.failures) == [check] or (check == "forward" and check in made.failures)
    assert words in made.failures[check].reason
    assert made.failures[check].case.startswith(f"{name}/")
    assert made.status == ("partial" if check in {"forward", "gradient"} else "carried")
    assert not made.complete


def test_harness_finds_absent_function():
    made = measured("floor", {"floor": ABSENT})
    assert made.status == "missing"


def test_harness_finds_absent_name_in_wrapper():
    made = measured("where", {"where": ABSENT}, limit=3)
    assert made.status == "missing"


def test_harness_finds_namespace_that_cannot_be_imported():
    made = measured("linalg.det", {"linalg": Raises(ModuleNotFoundError("no", name="wrong.linalg"))})
    assert made.status == "missing"


def test_harness_finds_namespace_that_fails():
    made = measured("linalg.det", {"linalg": Raises(ImportError("broken", name="wrong.linalg"))})
    assert made.status == "partial"
    assert made.failures["forward"].reason == "raises ImportError: broken"


def test_harness_finds_namespace_that_lacks_what_it_uses():
    broken = AttributeError("no relu", name="relu", obj=torch.nn)
    made = measured("nn.functional.mish", {"nn": Raises(broken)}, limit=1)
    assert made.status == "partial"
    assert made.failures["forward"].reason == "raises AttributeError: no relu"


def test_harness_finds_alias_whose_namespace_fails():
    made = measured("sigmoid", {"special": Raises(ImportError("broken", name="wrong.special"))}, limit=2)
    assert made.failures["alias"].reason == "raises ImportError: broken"


def test_harness_looks_for_aliases_where_torch_has_them():
    made = measured("igamma", {"torch": ABSENT}, limit=1)
    assert (made.tallies["alias"].passed, made.failures) == (1, {})


def test_harness_finds_endless_loop():
    made = measured("floor", {"floor": never}, seconds=0.3)
    assert made.status == "partial"
    assert made.failures["forward"].reason == "no result within 0.3 s"


def test_harness_finds_wrong_operator():
    class Lopsided(torch.Tensor):
        def __mul__(self, other):
            return torch.mul(self, other) + 1

    made = measured("mul", {"from_numpy": lambda a: torch.from_numpy(a).as_subclass(Lopsided)}, limit=5)
    assert list(made.failures) == ["operator"]


def test_harness_allows_other_signs_of_singular_vectors():
    def svd(*args, **kwargs):
        u, s, vh = right = torch.linalg.svd(*args, **kwargs)
        return type(right)((-u, s, -vh))

    assert measured("linalg.svd", {"linalg.svd": svd}, limit=10).status == "carried"


def test_harness_prefers_exact_sums_to_pytorchs_own():
    def matmul(x, y):
        return torch.matmul(x.double(), y.double()).to(x.dtype)

    made = measured("matmul", {"matmul": matmul})
    assert made.failures == {}
    assert made.tallies["forward"].in_double > 0


def test_harness_does_not_prefer_single_precision_of_no_better_worth():
    def matmul(x, y):
        return (torch.matmul(x.double(), y.double()) * 1.00001).to(x.dtype)

    assert measured("matmul", {"matmul": matmul}).status == "partial"


def last_of_equals(x, dim=-1, descending=False, stable=False):
    if x.ndim == 0:
        return torch.zeros_like(x, dtype=torch.int64)
    order = torch.argsort(x.flip(dim), dim=dim, descending=descending, stable=True)
    return x.shape[dim] - 1 - order


def test_harness_allows_any_of_equal_elements():
    def argsort(*args, stable=False, **kwargs):
        if stable:
            return torch.argsort(*args, stable=True, **kwargs)
        return last_of_equals(*args, **kwargs)

    assert measured("argsort", {"argsort": argsort}, limit=60).status == "carried"


@pytest.mark.parametrize("change", [torch.zeros_like, lambda out: out - 1, lambda out: out.flip(-1)])
def test_harness_finds_positions_of_other_elements(change):
    made = measured("argsort", {"argsort": changed(torch.argsort, change)}, limit=60)
    assert made.failures["forward"].reason.startswith("values differ")


def test_harness_finds_unstable_order_where_stable_was_asked():
    made = measured("argsort", {"argsort": last_of_equals})
    assert made.failures["forward"].reason.startswith("values differ")


@pytest.mark.parametrize("op", database.entries()[::15], ids=lambda op: op.full_name)
def test_harness_carries_torch_itself(op):
    made = measure(op, Candidate(torch), limit=3)
    assert made.failures == {}
    assert made.status == "carried" or not database.forward_dtypes(op)
