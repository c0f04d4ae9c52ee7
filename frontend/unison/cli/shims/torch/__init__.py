"""What `import torch` finds in a program started by `unison run`: it puts Unison in its own place."""

from unison.cli.torch_names import install

install()
