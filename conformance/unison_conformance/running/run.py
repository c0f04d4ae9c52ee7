"""A run: everything a report needs, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import NoneType
from typing import Any

from unison_conformance.errors import UsageError, VersionError
from unison_conformance.running.verdicts import Result, Verdict
from unison_core.precision import EXACT

__all__ = ["FLOAT32", "SCHEMA", "Badge", "Claims", "Fallback", "Run", "result_from_json", "result_to_json"]

SCHEMA = 1
"""The version of `Run.to_json`; it changes when a field changes its name or meaning."""

FLOAT32 = "float32 products"
"""The entry of the environment that says whether TF32 was allowed: "highest" if not."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the backend says of itself: dtypes, badges, `preserve` or `flush` of subnormals, and whether views alias."""

    dtypes: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    subnormals: str = "preserve"
    aliasing: bool = True


@dataclass(frozen=True, slots=True)
class Badge:
    """One badge, and what this run has shown of it.

    `status` is "earned", "failed", "partly" (some of its cases passed, the others were not in the run), "not tried",
    "unverified" (claimed, but the suite has no case for it) or "open" (not claimed). `earned` may be without a claim.
    """

    name: str
    claimed: bool
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fallback:
    """Calls of one operator that ran on the host instead of the device."""

    operator: str
    caller: str
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the suite on one device came to.

    `options` holds what was asked for: `level`, `ops`, `dtype`, `budget`, `jobs`, ... `level` is the level reached
    (-1: not even level 0; None: the run was cut short or narrowed, so that it decides no level), `code` the exit
    code of the contract and `reasons` why, a line each. `case_list` is the SHA-256 of the fixed list of the level.
    """

    suite: str
    case_list: str
    device: str
    environment: Mapping[str, str]
    claims: Claims
    options: Mapping[str, Any]
    seed: int
    results: tuple[Result, ...]
    level: int | None = None
    badges: tuple[Badge, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    interrupted: bool = False
    started: str = ""
    seconds: float = 0.0
    code: int = 6
    reasons: tuple[str, ...] = field(default=())
    schema: int = SCHEMA

    @property
    def float32_products(self) -> str:
        """How exactly products of float32 numbers had to be computed: core's `Precision` in words."""
        return self.environment.get(FLOAT32, "not stated")

    @property
    def undecided(self) -> str:
        """Why there is no level, in a report that has none."""
        if self.float32_products not in {str(EXACT), "not stated"}:
            return f"{FLOAT32} needed no more than: {self.float32_products}"
        return "only part of the cases ran"

    def counts(self) -> dict[Verdict, int]:
        """How many results have each verdict; verdicts that do not occur are left out."""
        return {v: n for v in Verdict if (n := sum(r.verdict is v for r in self.results))}

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dump`; numbers that JSON lacks become the texts "inf" and "nan"."""
        data = asdict(self)
        data["results"] = [result_to_json(r) for r in self.results]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Run:
        """The run that `to_json` made plain.

        Raises:
            VersionError: the data are of another schema.
            UsageError: they are not all there, or not what they should be; the text says which.
        """
        if not isinstance(data, Mapping) or "schema" not in data:
            raise UsageError("this is no report of the suite: it has no field 'schema'")
        if data["schema"] != SCHEMA:
            raise VersionError(
                f"the report has schema {data['schema']!r}, this suite reads {SCHEMA}: "
                "use the suite that wrote it, or run again"
            )
        missing = [f.name for f in fields(cls) if f.name not in data]
        if missing:
            raise UsageError(f"the report lacks {', '.join(missing)}: it was cut off or edited")
        wrong = [name for name, kind in _KINDS.items() if not isinstance(data[name], kind)]
        if wrong:
            raise UsageError(
                f"the report has something else than it should in {', '.join(wrong)}: it was edited"
            )
        try:
            return cls(**{**_typed(data), **{k: _parts(k, data[k]) for k in _PARTS}})
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            raise UsageError(f"the report cannot be read: {type(e).__name__}: {e}") from e


_NUMBERS = ("error", "limit", "ratio")
_PARTS = ("claims", "results", "badges", "fallbacks")
_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("suite", "case_list", "device", "started"), str),
    **dict.fromkeys(("environment", "claims", "options"), dict),
    **dict.fromkeys(("results", "badges", "fallbacks", "reasons"), (list, tuple)),
    **dict.fromkeys(("seed", "code"), int),
    "level": (int, NoneType),
    "interrupted": bool,
    "seconds": (int, float),
}


def result_to_json(result: Result) -> dict[str, Any]:
    """One result as plain data."""
    plain = {**asdict(result), "verdict": result.verdict.value}
    for name in _NUMBERS:
        if not math.isfinite(plain[name]):
            plain[name] = str(plain[name])
    return plain


def _typed(data: Mapping[str, Any]) -> dict[str, Any]:
    plain = {f.name: data[f.name] for f in fields(Run)}
    return {**plain, "reasons": tuple(map(str, data["reasons"]))}


def _parts(name: str, value: Any) -> Any:
    if name == "claims":
        said: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
        return Claims(**said)
    if name == "badges":
        return tuple(Badge(**b) for b in value)
    if name == "fallbacks":
        return tuple(Fallback(**f) for f in value)
    return tuple(map(result_from_json, value))


def result_from_json(data: Mapping[str, Any]) -> Result:
    """The result that `result_to_json` made plain."""
    return Result(**{**data, "verdict": Verdict(data["verdict"]), **{k: float(data[k]) for k in _NUMBERS}})
