"""ParameterwiseOptimizer: the step loop of every optimiser that updates each parameter by itself.

# Note [Step counts]
In a state_dict, and for whoever looks at `optimizer.state`, a parameter's step count is a 0-d tensor, as in
PyTorch's files. Adding one to a tensor costs as much as a fused update of a small parameter, so between two
looks the count is a Python float: `step` replaces the tensor, reading `state` puts a tensor back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import decayed, shrink
from unison.optim._joined import Row, Update, update_rows
from unison.optim._options import number
from unison.optim.optimizer import Group, Optimizer, State

__all__ = ["ParameterwiseOptimizer", "Update", "scalar_dtype", "with_gradient_options"]


class ParameterwiseOptimizer(Optimizer):
    """An optimiser whose rule looks at one parameter, its gradient and its state at a time.

    A subclass gives `_new_state`, the tensors that a parameter starts with, and `_updater`, which reads the
    options of a group once and returns the update of one parameter. maximize and weight_decay are dealt with
    before that update, and complex parameters reach it as pairs of real numbers. The update treats all elements
    alike, and is called once for many small parameters (Note [Joined updates]). Names under `_scalars` stand for
    numbers in the state, kept as 0-d tensors, also in state that is loaded.
    """

    _scalars: tuple[str, ...] = ()
    _has_complex = False
    _counting = False

    @property
    def state(self) -> defaultdict[Tensor, State]:  # type: ignore[override]
        """What is kept per parameter; see Note [Step counts]."""
        if self._counting:
            self._counts_to_tensors()
        return self._state

    @state.setter
    def state(self, state: defaultdict[Tensor, State]) -> None:
        self._state = state
        self._counting = True

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._has_complex = False
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)
            self._look_for_complex(group)
            self._scalars_to_tensors(group)

    def add_param_group(self, param_group: Group) -> None:
        super().add_param_group(param_group)
        self._look_for_complex(param_group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with unison.enable_grad():
                loss = closure()
        self._counting = True
        with unison.set_grad_enabled(self.defaults["differentiable"]):
            for group in self.param_groups:
                self._step_group(group)
        return loss

    def _step_group(self, group: Group) -> None:
        update = with_gradient_options(self._updater(group), group)
        if self._has_complex:
            update = _on_real_parts(update)
        if self._has_complex or group["differentiable"]:
            for row in self._rows(group):
                update(*row)
        else:
            update_rows(self._rows(group), update, self._scalars)

    def _rows(self, group: Group) -> list[Row]:
        """Every parameter that has a gradient, with it, the state, and the number of this step."""
        rows = []
        states = self._state
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            state = states[param]
            if not state:
                state["step"] = 0.0
                state.update(self._new_state(param, group))
            step = state["step"] = float(state["step"]) + 1.0
            rows.append((param, grad, state, step))
        return rows

    def _new_state(self, param: Tensor, group: Group) -> State:
        raise NotImplementedError

    def _updater(self, group: Group) -> Update:
        raise NotImplementedError

    def _look_for_complex(self, group: Group) -> None:
        self._has_complex = self._has_complex or any(p.is_complex() for p in group["params"])

    def _counts_to_tensors(self) -> None:
        self._counting = False
        for group in self.param_groups:
            for param in group["params"]:
                state = self._state.get(param)
                if state and not isinstance(state.get("step", None), Tensor | None):
                    device = param.device if group.get("capturable") or group.get("fused") else "cpu"
                    dtype = unison.float32 if group.get("fused") else scalar_dtype()
                    state["step"] = unison.tensor(float(state["step"]), dtype=dtype, device=device)

    def _scalars_to_tensors(self, group: Group) -> None:
        for param in group["params"]:
            state = self._state.get(param)
            for name in self._scalars if state else ():
                if not isinstance(state[name], Tensor):
                    state[name] = unison.tensor(state[name], dtype=scalar_dtype(), device=param.device)


def scalar_dtype() -> Any:
    """The dtype of step counts and other numbers in state: float64 only where that is the default dtype."""
    return unison.float64 if unison.get_default_dtype() == unison.float64 else unison.float32


def with_gradient_options(update: Update, group: Group) -> Update:
    """The same update after maximize and weight_decay (decoupled or added to the gradient), if the group has them."""
    lr, weight_decay = (
        number(group.get(name, 0), group["differentiable"]) for name in ("lr", "weight_decay")
    )
    maximize, decoupled = group["maximize"], group.get("decoupled_weight_decay")
    if not maximize and weight_decay == 0:
        return update

    def with_options(param: Tensor, grad: Tensor, state: State, step: float) -> None:
        if maximize:
            grad = -grad
        if weight_decay != 0:
            if decoupled:
                shrink(param, 1 - lr * weight_decay)
            else:
                grad = decayed(grad, param, weight_decay)
        update(param, grad, state, step)

    return with_options


def _on_real_parts(update: Update) -> Update:
    """The same update, in which a complex parameter is a real one with a last dimension of two."""

    def on_real_parts(param: Tensor, grad: Tensor, state: State, step: float) -> None:
        if not param.is_complex():
            update(param, grad, state, step)
            return
        wholes = {name: value for name, value in state.items() if _is_complex(value)}
        parts = {name: unison.view_as_real(value) for name, value in wholes.items()}
        real = unison.view_as_real(param)
        update(real, unison.view_as_real(grad), {**state, **parts}, step)
        for whole, part in ((param, real), *((wholes[name], parts[name]) for name in wholes)):
            whole.copy_(unison.view_as_complex(part))

    return on_real_parts


def _is_complex(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_complex()
