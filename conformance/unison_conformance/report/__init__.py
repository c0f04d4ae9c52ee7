"""Reports of a run: JSON to keep and compare, one HTML file to look at, JUnit for other tools.

`files` reads and writes the JSON, which `schema.json` describes, `differences` compares two runs, `groups` gathers
failures, `junit` writes the XML, `page` the HTML, with its parts in `heat` and `tables`. Start in `files`; what a
report holds is `running.run.Run`.
"""

from unison_conformance.report.differences import Difference, differences
from unison_conformance.report.files import read, schema, write
from unison_conformance.report.groups import Group, groups
from unison_conformance.report.junit import junit
from unison_conformance.report.page import page

__all__ = ["Difference", "Group", "differences", "groups", "junit", "page", "read", "schema", "write"]
