"""Functional use of modules: `functional_call` runs a module with other parameters."""

from unison.nn.utils.stateless import functional_call

__all__ = ["functional_call"]
