"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim._line_search import Probe, strong_wolfe
from unison.optim._options import check_lr, to_scalar
from unison.optim.optimizer import Optimizer, Params, State

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Limited-memory BFGS, algorithm 7.5 of Nocedal and Wright, Numerical Optimization (2006).

    One step makes up to ``max_iter`` iterations and ``max_eval`` (by default 5/4 of that) evaluations of the closure,
    which is required. It ends early where the gradient is at most ``tolerance_grad``, or where loss or parameters
    change by at most ``tolerance_change``. The state of all parameters is kept under the first.

    Raises:
        ValueError: a negative lr, or more than one parameter group.
        RuntimeError: a line search other than ``"strong_wolfe"`` (on step).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                "LBFGS doesn't support per-parameter options (parameter groups): give one list of tensors"
            )

    def step(self, closure: Callable[[], Any]) -> Any:
        """Minimise what closure returns; the result is its value before the first move."""
        if not callable(closure):
            raise TypeError(f"LBFGS.step needs a closure that evaluates the loss, but got {closure!r}")
        with unison.no_grad():
            return self._minimise(closure)

    def _minimise(self, closure: Callable[[], Any]) -> Any:
        options = self.param_groups[0]
        state = self.state[options["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        before = state["func_evals"]

        def evaluate() -> Any:
            state["func_evals"] += 1
            with unison.enable_grad():
                return closure()

        first_loss = evaluate()
        loss, grad = float(first_loss), self._flat_grad()
        if _largest(grad) <= options["tolerance_grad"]:
            return first_loss
        for iteration in range(1, options["max_iter"] + 1):
            state["n_iter"] += 1
            _find_direction(state, grad, options["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = grad, loss
            state["t"] = _first_length(state["n_iter"], grad, to_scalar(options["lr"]))
            slope = grad.dot(state["d"])
            if slope > -options["tolerance_change"]:
                break
            is_last = iteration == options["max_iter"]
            left = options["max_eval"] - (state["func_evals"] - before)
            loss, grad = self._move(evaluate, state, Probe(0, loss, grad, slope), left, is_last)
            if (
                is_last
                or state["func_evals"] - before >= options["max_eval"]
                or _largest(grad) <= options["tolerance_grad"]
                or _largest(state["d"] * state["t"]) <= options["tolerance_change"]
                or abs(loss - state["prev_loss"]) < options["tolerance_change"]
            ):
                break
        return first_loss

    def _move(
        self, evaluate: Callable[[], Any], state: State, here: Probe, left: int, is_last: bool
    ) -> tuple[float, Tensor]:
        """Go along the direction; loss and gradient there (or from here, when nobody will ask)."""
        search, direction = self.param_groups[0]["line_search_fn"], state["d"]
        if search is None:
            self._go(state["t"], direction)
            return (here.value, here.grad) if is_last else (float(evaluate()), self._flat_grad())
        if search != "strong_wolfe":
            raise RuntimeError(f"only 'strong_wolfe' is supported as line_search_fn, but got {search!r}")
        origin = [param.clone() for param in self.param_groups[0]["params"]]

        def probe(length: Any) -> Probe:
            self._go(length, direction)
            value, grad = float(evaluate()), self._flat_grad()
            for param, values in zip(self.param_groups[0]["params"], origin, strict=True):
                param.copy_(values)
            return Probe(length, value, grad, grad.dot(direction))

        found = strong_wolfe(probe, here, state["t"], _largest(direction), left)
        state["t"] = found.length
        self._go(found.length, direction)
        return found.value, found.grad

    def _flat_grad(self) -> Tensor:
        """All gradients in one row, complex ones as pairs of real numbers, missing ones as zeros."""
        grads = (unison.zeros_like(p) if p.grad is None else p.grad for p in self.param_groups[0]["params"])
        return unison.cat([_as_real(grad).reshape(-1) for grad in grads])

    def _go(self, length: Any, direction: Tensor) -> None:
        """Add length times direction to the parameters."""
        start = 0
        for param in self.param_groups[0]["params"]:
            shape = (*param.shape, 2) if param.is_complex() else param.shape
            end = start + param.numel() * (2 if param.is_complex() else 1)
            part = direction[start:end].reshape(shape)
            part = unison.view_as_complex(part) if param.is_complex() else part
            param.add_(part, alpha=float(length))
            start = end


def _find_direction(state: State, grad: Tensor, history_size: int) -> None:
    """Put minus the approximate inverse Hessian times grad into ``state["d"]``."""
    if state["n_iter"] == 1:
        state.update(d=-grad, old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return
    _remember(state, grad, history_size)
    steps, changes, inverse_products = state["old_stps"], state["old_dirs"], state["ro"]
    alphas = state.setdefault("al", [None] * history_size)
    q = -grad
    for i in reversed(range(len(changes))):
        alphas[i] = steps[i].dot(q) * inverse_products[i]
        q.add_(changes[i], alpha=-float(alphas[i]))
    direction = q * state["H_diag"]
    for i in range(len(changes)):
        beta = changes[i].dot(direction) * inverse_products[i]
        direction.add_(steps[i], alpha=float(alphas[i] - beta))
    state["d"] = direction


def _remember(state: State, grad: Tensor, history_size: int) -> None:
    """Add the last step and the change of gradient along it to the history, if the curvature is positive."""
    change, step = grad - state["prev_flat_grad"], state["d"] * state["t"]
    product = change.dot(step)
    if not product > 1e-10:
        return
    for name, value in (("old_dirs", change), ("old_stps", step), ("ro", 1.0 / product)):
        history = state[name]
        if len(history) == history_size:
            history.pop(0)
        history.append(value)
    state["H_diag"] = product / change.dot(change)


def _first_length(iteration: int, grad: Tensor, lr: Any) -> Any:
    return min(1.0, 1.0 / grad.abs().sum()) * lr if iteration == 1 else lr


def _largest(x: Tensor) -> Tensor:
    return x.abs().max()


def _as_real(x: Tensor) -> Tensor:
    return unison.view_as_real(x) if x.is_complex() else x
