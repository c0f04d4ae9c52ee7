"""`python -m unison_conformance` is the command `conformance`."""

import sys

from unison_conformance.cli import main

sys.exit(main())
