import subprocess
import sys


def test_utils_loads_its_submodules_on_first_access():
    code = (
        "import sys, unison, unison.utils as u\n"
        "assert 'unison.utils.data' not in sys.modules\n"
        "assert 'unison.utils.checkpoint' not in sys.modules\n"
        "assert u.data is sys.modules['unison.utils.data'] and u.checkpoint is sys.modules['unison.utils.checkpoint']\n"
        "assert {'data', 'checkpoint'} <= set(dir(u))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_utils_unknown_name_is_an_attribute_error():
    code = "import unison.utils as u; u.nope"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stderr.rstrip().endswith("AttributeError: module 'unison.utils' has no attribute 'nope'")
