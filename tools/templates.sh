#!/usr/bin/env bash
# Makes a project of every template and runs all that a person would run in it. Prints, for each,
# seconds and the gas of each action.
#
#     tools/templates.sh [NAME…]
set -euo pipefail
cd "$(dirname "$0")/.."
hallmark=$(realpath "${HALLMARK_BINARY:-target/release/hallmark}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    mapfile -t names < <(printf 'minimal\n'; find templates/kinds -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
fi
for name in "${names[@]}"; do
    start=$SECONDS
    "$hallmark" --quiet new "$work/$name" --template "$name" >/dev/null
    made=$((SECONDS - start))
    (
        cd "$work/$name"
        forge fmt --check
        forge build --deny warnings --offline >/dev/null
        # Lints of forge, as warnings or worse; notes are for readers.
        if forge lint --severity high med low 2>&1 | tee lint.txt | grep -E '^(warning|error)' >&2; then
            cat lint.txt >&2
            exit 1
        fi
        forge test --offline >tests.txt || { cat tests.txt >&2; exit 1; }
        tests=$(grep -c '^\[PASS\]' tests.txt)
        printf '%s: made in %d s, %d tests pass, %d s in all\n' "$name" "$made" "$tests" "$((SECONDS - start))"
        # The minimal project measures nothing by itself; `hallmark gas` does.
        forge test --offline --match-test test_GasOf -vvvv 2>&1 \
            | sed -n 's/.*emit GasUsed(action: "\([^"]*\)", gas: \([0-9]*\).*/    \1: \2 gas/p'
    )
done
