#!/usr/bin/env bash
# Makes a project of every template for every framework and runs all that a person would run in it.
# Prints, for each, seconds and the gas of each action. Once npm packages and compiler are there, it
# needs no network.
#
#     tools/templates.sh [--framework foundry|hardhat|remix] [NAME…]
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
hallmark=$(realpath "${HALLMARK_BINARY:-target/release/hallmark}")
work=$(mktemp -d)
anvil=''
finish() {
    [ -z "$anvil" ] || kill "$anvil" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

frameworks=(foundry hardhat remix)
if [ "${1:-}" = --framework ]; then
    frameworks=("$2")
    shift 2
fi
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    mapfile -t names < <(printf 'minimal\n'; find templates/kinds -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
fi

foundry() {
    forge fmt --check
    forge build --deny warnings --offline >/dev/null
    # Lints of forge, as warnings or worse; notes are for readers.
    if forge lint --severity high med low 2>&1 | tee lint.txt | grep -E '^(warning|error)' >&2; then
        cat lint.txt >&2
        exit 1
    fi
    forge test --offline >tests.txt || { cat tests.txt >&2; exit 1; }
    tests=$(grep -c '^\[PASS\]' tests.txt)
    "$hallmark" --quiet gas --transactions --json \
        | node -e 'for (const { name, gas } of JSON.parse(require("fs").readFileSync(0))) console.log(`    ${name}: ${gas} gas`)' >gas.txt
    [ -s gas.txt ]
}

# The packages are those of tools/hardhat, which are as in the template's package.json.
packages() { node -p 'Object.entries(require(process.argv[1])[process.argv[2]]).map((pair) => pair.join(" ")).sort().join("\n")' "$@"; }
passing() { sed -n 's/^ *\([0-9]*\) passing.*/\1/p' "$1"; }
hardhat() {
    export PATH=$node:$PATH HARDHAT_DISABLE_TELEMETRY_PROMPT=true
    diff <(packages "$repository/tools/hardhat/package.json" dependencies) <(packages "$PWD/package.json" devDependencies)
    ln -s "$repository/tools/hardhat/node_modules" node_modules
    npx --no-install hardhat build >build.txt 2>&1 || { cat build.txt >&2; exit 1; }
    if grep -i warning build.txt >&2; then exit 1; fi
    npx --no-install tsc --noEmit >&2
    npx --no-install hardhat test nodejs --gas-stats >tests.txt 2>&1 || { cat tests.txt >&2; exit 1; }
    npx --no-install hardhat test solidity >solidity.txt 2>&1 || { cat solidity.txt >&2; exit 1; }
    tests=$(($(passing tests.txt) + $(passing solidity.txt)))
    # A type error is one: an argument of another type is refused.
    printf '%s\n' 'import type { Inference } from "../lib/hallmark/typescript/fixture.js";' \
        'export const wrong: Inference = { proof: "0x", instances: [0], account: "0x", nonce: 0n, deadline: 0n };' >test/wrong.ts
    if npx --no-install tsc --noEmit >/dev/null; then echo "tsc accepts a wrong type" >&2; exit 1; fi
    rm test/wrong.ts
    # On a lasting chain: hallmark knows the addresses by what the script writes.
    TARGET=0x00000000000000000000000000000000000000aa PRICES=0x00000000000000000000000000000000000000bb \
        ARBITER=0x00000000000000000000000000000000000000cc \
        PRIVATE_KEY=0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80 \
        npx --no-install hardhat run scripts/deploy.ts --network target >deploy.txt 2>&1 || { cat deploy.txt >&2; exit 1; }
    "$hallmark" --quiet verify --rpc-url "$RPC_URL" >verify.txt || { cat verify.txt >&2; exit 1; }
    if [ "$name" = minimal ]; then
        "$hallmark" --quiet prove --out bound.proof --deployment 31337 --deadline 4102444800 \
            --account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 >/dev/null
        "$hallmark" --quiet submit --proof bound.proof --rpc-url "$RPC_URL" --unlocked --broadcast | grep -q InferenceRecorded
    fi
    "$hallmark" --quiet build | grep -qx 'nothing changed'
    action=$(sed -n 's/.*consumer\.write\.\([a-zA-Z]*\)(\[.*account, nonce, deadline\]),/\1/p' test/types.test.ts | head -n 1)
    # The dearest call of each: the first one, which fills empty slots.
    sed -n "s/^║ \($action\|verifyProof\) *│ *[0-9]* *│ *[0-9]* *│ *[0-9]* *│ *\([0-9]*\) .*/    \1: \2 gas/p" tests.txt >gas.txt
    [ -s gas.txt ]
}

remix() {
    export PATH=$node:$PATH
    node "$repository/tools/hardhat/remix.mjs" "$PWD" "$hallmark" >gas.txt || { cat gas.txt >&2; exit 1; }
    tests=$(wc -l <gas.txt)
    "$hallmark" --quiet build | grep -qx 'nothing changed'
}

for framework in "${frameworks[@]}"; do
    if [ "$framework" != foundry ]; then
        node=$(tools/hardhat.sh)
    fi
    if [ "$framework" != foundry ] && [ -z "$anvil" ]; then
        port=$((20000 + RANDOM % 20000))
        export RPC_URL=http://127.0.0.1:$port
        anvil --port "$port" --silent &
        anvil=$!
    fi
    for name in "${names[@]}"; do
        start=$SECONDS
        "$hallmark" --quiet new "$work/$framework/$name" --template "$name" --framework "$framework" >/dev/null
        made=$((SECONDS - start))
        (
            cd "$work/$framework/$name"
            "$framework"
            printf '%s, %s: made in %d s, %d tests pass, %d s in all\n' "$name" "$framework" "$made" "$tests" "$((SECONDS - start))"
            cat gas.txt
        )
    done
done
