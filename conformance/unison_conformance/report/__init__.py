"""Reports of a run: JSON to keep and compare, one HTML file to look at, JUnit for other tools.

`files` reads and writes the JSON, `differences` compares two runs, `page` draws the HTML, `junit` the XML.
Start in `files`; what a report holds is `running.run.Run`.
"""

from unison_conformance.report.differences import Difference, differences
from unison_conformance.report.files import read, write
from unison_conformance.report.junit import junit
from unison_conformance.report.page import page

__all__ = ["Difference", "differences", "junit", "page", "read", "write"]
