"""The bill of materials holds what is locked, with sums and licences, and is made without a network."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_locked_package_is_in_the_bill_with_its_sums(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "sbom.py", target], capture_output=True, text=True, check=True
    )
    bill = json.loads(target.read_text("utf-8"))
    locked = dict(re.findall(r"^([\w.-]+)==([^\s\\]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    found = {component["name"]: component for component in bill["components"]}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {name: component["version"] for name, component in found.items() if name != "torch"} == {
        re.sub(r"[-_.]+", "-", name).lower(): version for name, version in locked.items()
    }
    assert "torch" in found
    assert [name for name, component in found.items() if name != "torch" and not component.get("components")] == []
    assert sum("licenses" in component for component in found.values()) > 0.9 * len(found), done.stdout
    assert bill["dependencies"][0]["dependsOn"] == [component["purl"] for component in bill["components"]]


def test_a_pin_is_read_with_extras_and_over_several_lines() -> None:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    sbom = importlib.util.module_from_spec(spec)
    sys.modules["sbom"] = sbom
    spec.loader.exec_module(sbom)
    text = f"# a comment\nAn_Example.Name[x,y]==1.2 \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\nno pin\n"
    assert list(sbom.pinned(text)) == [sbom.Pinned("an-example-name", "1.2", ("a" * 64, "b" * 64))]
