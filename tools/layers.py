# SPDX-License-Identifier: LGPL-3.0-or-later
"""Checks that no module of src/ includes what tools/layers.txt does not allow, that every source file
names its licence, and that operating-system headers stay in src/platform/."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
SYSTEM_ONLY_IN_PLATFORM = re.compile(r"^(sys/|unistd\.h|fcntl\.h|windows\.h|winsock|pwd\.h|grp\.h|netinet/|arpa/)")
LICENCE = "SPDX-License-Identifier: LGPL-3.0-or-later"


def read_rules():
    """Module -> modules it may include; third-party prefix -> places that may include it."""
    allowed, third_party = {}, {}
    for line in (ROOT / "tools" / "layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, right = line.split(":")
        if left.startswith("third-party "):
            for name in left.split()[1:]:
                third_party[name] = set(right.split())
        else:
            allowed[left] = set(right.split()) | {left}
    return allowed, third_party


def check_file(path, allowed, third_party):
    """Yields one line per fault."""
    name = path.relative_to(ROOT)
    in_src = name.parts[0] == "src"
    module = name.parts[1] if in_src else None
    is_test = path.stem.endswith(("_test", "_bench"))
    text = path.read_text()
    if LICENCE not in text:
        yield f"{name}: no line '{LICENCE}'"
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        top = re.split(r"[/.]", header)[0]
        if in_src and quote == '"' and "/" in header and top not in allowed[module]:
            yield f"{name}:{number}: {module} must not include {header} (tools/layers.txt)"
        if top in third_party:
            place = "tests" if is_test or not in_src else module
            if in_src and place not in third_party[top]:
                yield f"{name}:{number}: <{header}> belongs into {', '.join(sorted(third_party[top]))}"
        if in_src and module != "platform" and not is_test and SYSTEM_ONLY_IN_PLATFORM.match(header):
            yield f"{name}:{number}: <{header}> belongs into src/platform/"


def main():
    allowed, third_party = read_rules()
    faults = []
    files = [path for folder in ("src", "apps", "bench", "fuzz", "tests")
             for path in sorted((ROOT / folder).rglob("*"))
             if path.suffix in (".h", ".cc", ".in")]
    for path in files:
        if path.parts[len(ROOT.parts)] == "src" and path.parts[len(ROOT.parts) + 1] not in allowed:
            faults.append(f"{path.relative_to(ROOT)}: its module is not in tools/layers.txt")
            continue
        faults += check_file(path, allowed, third_party)
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
