#!/usr/bin/env bash
# Slither on contracts/. Fails on any finding that docs/static-analysis.md does not answer: a line
# `detector: place` in one of its lists.
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=0.11.6
environment=.tools/slither-$VERSION
[ -x "$environment/bin/slither" ] || {
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet "slither-analyzer==$VERSION"
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A copy: slither cleans the build it finds.
cp -r contracts foundry.toml "$work/"
cd "$work"
"$OLDPWD/$environment/bin/slither" . --filter-paths testing/ --exclude naming-convention,dead-code \
    --json findings.json >log 2>&1 || [ -s findings.json ] || { cat log >&2; exit 1; }
python3 - "$OLDPWD/docs/static-analysis.md" <<'PYTHON'
import json, sys

answered = {line.strip("- `\n").split("`")[0] for line in open(sys.argv[1])
            if line.startswith("- `") and not line.startswith("- `solhint: ")}
report = json.load(open("findings.json"))
if not report["success"]:
    sys.exit(f"slither failed: {report['error']}")
found = set()
for finding in report["results"].get("detectors", []):
    element = finding["elements"][0]
    function = element if element["type"] == "function" else element.get("type_specific_fields", {}).get("parent", element)
    contract = function.get("type_specific_fields", {}).get("parent", {}).get("name", "")
    found.add(f"{finding['check']}: {contract}.{function['name']}")
for line in sorted(found - answered):
    print(f"not answered: {line}")
for line in sorted(answered - found):
    print(f"answered, but not found any more: {line}")
print(f"slither: {len(found)} findings, {len(found & answered)} answered")
sys.exit(found != answered)
PYTHON
