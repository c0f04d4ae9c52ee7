"""Operators that rearrange elements without computing: `views` on the same memory, `copies` in fresh memory."""
