"""Conformance: what decides whether a backend is right. For now it holds the `strict` device, an aid for tests.

May import everything. Start reading in `strict`.
"""

__all__: list[str] = []
