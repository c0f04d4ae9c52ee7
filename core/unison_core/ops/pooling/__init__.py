"""Pooling in any number of spatial dimensions: data (batch, channels, *spatial), attributes one number per dimension.

A window that reaches over the end counts only in ceil_mode, and only if it starts inside the data or the padding before
it. One module per kind; `windows` has the shapes they share. Operators are reached through `unison_core.ops`; start
reading in `maximum`.
"""
