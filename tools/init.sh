#!/usr/bin/env bash
# `hallmark init` in projects as their own tools make them: the starter of forge and Hardhat's TypeScript
# starter. (A monorepo with folders of its own is a test of the binary, in cli/tests/binary.rs.) Checked
# in each: its tests stay green and ours are, git sees added files only, a second run is refused and
# changes nothing, undo leaves what was there.
#
# Packages, and forge-std, come from npm as locked in tools/init; compilers from npm too.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
hallmark=$(realpath "${HALLMARK_BINARY:-target/release/hallmark}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '    %s\n' "$*"; }
die() { printf 'init: %s\n' "$*" >&2; exit 1; }

node=$(tools/hardhat.sh)
export PATH=$node:$PATH HARDHAT_DISABLE_TELEMETRY_PROMPT=true
packages=$repository/tools/init
if ! cmp -s "$packages/package-lock.json" "$packages/node_modules/.hallmark-lock"; then
    npm --prefix "$packages" ci --no-fund --no-audit --loglevel=error >&2
    cp "$packages/package-lock.json" "$packages/node_modules/.hallmark-lock"
fi
forge_std=$packages/node_modules/@layerzerolabs/toolbox-foundry/lib/forge-std

commit() {
    git init -q .
    git add -A
    git -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false commit -qm 'as its tools made it'
}
status() { git status --porcelain --untracked-files=all; }
# Every file but what tools make and the packages, also those git is told to ignore (as forge's starter
# does with docs/).
files() {
    find . \( -name .git -o -name node_modules -o -path ./.hallmark -o -path ./out -o -path ./cache -o -path ./artifacts \) -prune \
        -o -type f -printf '%P\n' | sort
}

# Runs the tests by the function of its first argument, before and after each step.
check() {
    local run=$1 own all added again
    own=$("$run")
    commit
    files >"$work/before.txt"
    "$hallmark" --quiet init --dry-run >plan.txt
    mv plan.txt "$work/plan.txt"
    [ -z "$(status)" ] || die "--dry-run wrote: $(status)"
    "$hallmark" --quiet init >"$work/made.txt" 2>"$work/warnings.txt"
    added=$(status)
    if grep -v '^??' <<<"$added" >&2; then die 'init changed files'; fi
    files | comm -13 "$work/before.txt" - >"$work/new.txt"
    sed -n 's/^add *//p' "$work/plan.txt" | sort | diff - "$work/new.txt" >&2 || die 'the plan was another one'
    all=$("$run")
    [ "$all" -gt "$own" ] || die "$own tests before, $all after"
    if "$hallmark" init >"$work/again.txt" 2>&1; then die 'a second run is not refused'; fi
    grep -q 'already' "$work/again.txt" || die "a second run: $(cat "$work/again.txt")"
    again=$("$hallmark" --quiet build)
    [ "$again" = 'nothing changed' ] || die "build after init: $again"
    [ "$(status)" = "$added" ] || die 'a second run changed something'
    "$hallmark" gas --consumer >/dev/null 2>&1 || die 'gas --consumer'
    "deploy_$run" >"$work/deployed.txt" 2>&1 || { cat "$work/deployed.txt" >&2; die 'deployment'; }
    "$hallmark" verify --rpc-url "$url" >"$work/verified.txt" 2>&1 || { cat "$work/verified.txt" >&2; die 'verify'; }
    rm -r deployments
    rm -rf broadcast
    "$hallmark" --quiet init --undo >/dev/null
    [ -z "$(status)" ] || die "undo left: $(status)"
    files | diff "$work/before.txt" - >&2 || die 'undo left files that git ignores'
    [ "$("$run")" = "$own" ] || die 'its own tests are others after undo'
    say "$own tests of its own pass before, $all with ours, $own after undo"
    say "$(wc -l <"$work/new.txt") files added, those of the plan, none changed; a second run is refused: $(sed -n 's/^error: //p' "$work/again.txt")"
}

run_forge() {
    forge test --offline >"$work/tests.txt" 2>&1 || { cat "$work/tests.txt" >&2; die 'forge test failed'; }
    grep -c '^\[PASS\]' "$work/tests.txt"
}
run_hardhat() {
    npx --no-install hardhat test >"$work/tests.txt" 2>&1 || { cat "$work/tests.txt" >&2; die 'hardhat test failed'; }
    npx --no-install tsc --noEmit >&2 || die 'tsc'
    sed -n 's/^ *\([0-9]*\) passing.*/\1/p' "$work/tests.txt"
}

# On a chain, with the compiler settings that the starters have.
deploy_run_forge() { "$hallmark" deploy --rpc-url "$url" --unlocked --broadcast; }
deploy_run_hardhat() { npx --no-install hardhat run scripts/deploy.ts --network localhost; }

port=8545 # Hardhat's network `localhost`
url=http://127.0.0.1:$port
anvil --port "$port" --silent &
node_process=$!
trap 'kill "$node_process" 2>/dev/null || true; rm -rf "$work"' EXIT
sleep 1
kill -0 "$node_process" 2>/dev/null || die "anvil cannot listen on port $port: stop what does"

echo 'forge init'
mkdir "$work/foundry"
cd "$work/foundry"
forge init --offline --quiet . >&2
# Where forge installs it.
mkdir -p lib/forge-std/src
cp -r "$forge_std"/* lib/forge-std/src/
check run_forge

echo "Hardhat's TypeScript starter"
cp -r "$packages/node_modules/hardhat/templates/01-node-test-runner-viem" "$work/hardhat"
cd "$work/hardhat"
mv gitignore .gitignore
# As Hardhat's own `--init` leaves it: versions of the workspace become those of the registry.
sed -i 's/"workspace:/"/' package.json
# Its compiler is downloaded elsewhere; here it comes from npm.
sed -i -e '1i import { fileURLToPath } from "node:url";' \
    -e 's|version: "0.8.34",|version: "0.8.34", path: fileURLToPath(import.meta.resolve("solc/soljson.js")),|' hardhat.config.ts
mkdir -p node_modules/forge-std/src
ln -s "$packages"/node_modules/* "$packages"/node_modules/.bin node_modules/
cp -r "$forge_std"/* node_modules/forge-std/src/
mv node_modules/forge-std/src/package.json node_modules/forge-std/
check run_hardhat
