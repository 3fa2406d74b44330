#!/usr/bin/env bash
# solhint on contracts/ and on what `hallmark new` writes for every template. Fails on any finding that
# docs/static-analysis.md does not answer: a line
# `solhint: rule: place` in one of its lists. A place is a file of contracts/, or generated/ and the name
# of a file of a project.
#
#     tools/solhint.sh [TEMPLATE…]
#
# With names, lines that only other templates need are not asked for.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
hallmark=$(realpath "${HALLMARK_BINARY:-target/release/hallmark}")
tool=$root/tools/solhint
stamp=$tool/node_modules/.hallmark-lock
if ! cmp -s "$tool/package-lock.json" "$stamp" 2>/dev/null; then
    (cd "$tool" && npm ci --no-fund --no-audit --loglevel=error >&2)
    cp "$tool/package-lock.json" "$stamp"
fi
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    mapfile -t names < <(printf 'minimal\n'; find templates/kinds -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/reports"
lint() { # FOLDER REPORT PATTERN…
    local folder=$1 report=$work/reports/$2 status=0
    shift 2
    # 1: there are findings. Not the network: solhint would ask for a newer version of itself.
    (cd "$folder" && "$tool/node_modules/.bin/solhint" --disc --noPoster --config "$tool/solhint.json" \
        --formatter json "$@") >"$report" || status=$?
    [ "$status" -le 1 ] && [ -s "$report" ] || { cat "$report" >&2; echo "solhint failed in $folder" >&2; exit 1; }
}
lint "$root" contracts.json 'contracts/**/*.sol'
for name in "${names[@]}"; do
    "$hallmark" --quiet new "$work/$name" --template "$name" >/dev/null
    # solhint does not read remappings: this one is where it looks for imports.
    ln -s lib/hallmark/src "$work/$name/hallmark"
    lint "$work/$name" "project-$name.json" 'src/**/*.sol' 'script/**/*.sol'
done
python3 - "$root/docs/static-analysis.md" "$work/reports" "$#" <<'PYTHON'
import json, pathlib, re, sys

page, reports, chosen = sys.argv[1:]
answered = {match[1] for line in open(page) if (match := re.match(r"- `solhint: (.*)`$", line.rstrip()))}
found = {}
for report in sorted(pathlib.Path(reports).iterdir()):
    generated = report.name.startswith("project-")
    for finding in json.loads(report.read_text()):
        if "ruleId" not in finding:
            continue
        path = finding["filePath"]
        place = f"generated/{pathlib.Path(path).name}" if generated else path
        found.setdefault(f"{finding['ruleId']}: {place}", f"line {finding['line']}: {finding['message']}")
for line in sorted(found.keys() - answered):
    print(f"not answered: {line} ({found[line]})")
forgotten = sorted(answered - found.keys()) if chosen == "0" else []
for line in forgotten:
    print(f"answered, but not found any more: {line}")
print(f"solhint: {len(found)} rules broken in a file, {len(found.keys() & answered)} answered")
sys.exit(bool(found.keys() - answered or forgotten))
PYTHON
