"""An import-linter contract: a package imports the standard library and a stated list, nothing else."""

import sys
from collections.abc import Sequence

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

__all__ = ["OnlyExternals"]


class OnlyExternals(Contract):
    """A closed list of what a package may import, where import-linter's own contracts need an open one."""

    package = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every import out of the package whose top-level name is not in the list."""
        fine = {self.package, *self.allowed, *sys.stdlib_module_names}
        offences = sorted(
            (importer, imported)
            for importer in {self.package, *graph.find_descendants(self.package)}
            for imported in graph.find_modules_directly_imported_by(importer)
            if imported.partition(".")[0] not in fine
        )
        return ContractCheck(kept=not offences, metadata={"offences": offences})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each offending import, one a line."""
        offences: Sequence[tuple[str, str]] = check.metadata["offences"]
        for importer, imported in offences:
            output.print_error(f"{importer} imports {imported}; allowed: {', '.join(self.allowed)}")
