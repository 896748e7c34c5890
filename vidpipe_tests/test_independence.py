"""Each module of tests stands alone: it can be moved, split and left out."""

import ast
from pathlib import Path

HERE = Path(__file__).parent


def test_no_test_module_takes_from_another():
    """What two of them need lies in a module without tests beside them, or in a conftest."""
    found = []
    for path in sorted(HERE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                # Programs that tests start are texts.
                names = [w for w in node.value.split() if w.startswith("vidpipe_tests.")]
            else:
                continue
            found += [
                f"{path.relative_to(HERE)}: {name}"
                for name in names
                if name.startswith("vidpipe_tests.")
                and any(part.startswith("test_") for part in name.split("."))
            ]
    assert found == []
