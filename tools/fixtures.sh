#!/usr/bin/env bash
# Remakes test/generated: the demo model's verifier, consumer, tests and a real proof, as
# `hallmark new` writes them. To be run when the circuit or a template changes.
set -euo pipefail
cd "$(dirname "$0")/.."
hallmark=${HALLMARK_BINARY:-target/release/hallmark}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$hallmark" --quiet new "$work/demo" >&2
target=test/generated
rm -rf "$target"
mkdir -p "$target/src" "$target/test/fixtures" "$target/script"
cp "$work"/demo/src/*.sol "$target/src/"
cp "$work"/demo/test/*.sol "$target/test/"
cp "$work"/demo/test/fixtures/*.sol "$target/test/fixtures/"
cp "$work"/demo/script/*.sol "$target/script/"
