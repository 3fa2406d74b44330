#!/usr/bin/env bash
# Brings what the Makefile needs and a machine with Rust, Node and make does not have: forge, anvil
# and solc, in pinned versions. Everything goes into this folder (node_modules, .tools); the one
# exception is the compiler, see below. Running it again does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

FOUNDRY_VERSION=1.7.1
SOLC_VERSION=0.8.30

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$1"; [ $# -lt 2 ] || say "hint: $2"; exit 1; }

for tool in cargo node npm; do
    command -v "$tool" >/dev/null 2>&1 || die "\`$tool\` is not on PATH" "install Rust (rustup), Node 20 or newer, and make"
done
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node $(node --version) is too old" "install Node 20 or newer"

# npm packages, exactly as locked. The stamp is the lock file that was installed.
stamp=node_modules/.hallmark-lock
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
    say "installing the npm packages of package-lock.json"
    npm ci --no-fund --no-audit --loglevel=error >&2
    cp package-lock.json "$stamp"
fi

# forge and anvil: those on PATH if they are of the pinned version (formatting differs between
# versions), else the native binaries inside the npm packages. Not the packages' own commands: they
# always exit 0.
mkdir -p .tools/bin
link() {
    local tool=$1 binary='' found candidate
    if found=$(command -v "$tool" 2>/dev/null) && "$found" --version 2>/dev/null | grep -q "$FOUNDRY_VERSION"; then
        case $found in */.tools/bin/"$tool" | */.bin/"$tool") ;; *) binary=$found ;; esac
    fi
    if [ -z "$binary" ]; then
        for candidate in "$PWD"/node_modules/@foundry-rs/"$tool"-*/bin/"$tool"; do
            [ -f "$candidate" ] && binary=$candidate
        done
    fi
    [ -n "$binary" ] || die "no $tool for this platform among the npm packages" "install $tool $FOUNDRY_VERSION with foundryup"
    chmod +x "$binary" 2>/dev/null || true
    ln -sfn "$binary" ".tools/bin/$tool"
    ".tools/bin/$tool" --version >/dev/null || die "\`$binary\` does not run here"
}
link forge
link anvil

# solc. forge looks for native compilers in one folder under HOME and downloads them into it.
# Where that works, nothing is to be done. Where it does not (no network, or only package
# registries), the npm compiler is put into the place of the missing one, as a copy that stands
# by itself. It has to be there rather than in a variable of this Makefile: generated projects say
# `solc = "0.8.30"` like anybody's, and must build when a person types `forge test` in them.
# A compiler that is there already is left alone, unless it is an older copy of ours.
versions=$HOME/.svm
if [ ! -d "$versions" ] && [ -d "${XDG_DATA_HOME:-$HOME/.local/share}/svm" ]; then
    versions=${XDG_DATA_HOME:-$HOME/.local/share}/svm
fi
compiler=$versions/$SOLC_VERSION/solc-$SOLC_VERSION
if [ ! -e "$compiler" ]; then
    probe=$(mktemp -d)
    trap 'rm -rf "$probe"' EXIT
    mkdir "$probe/src"
    printf '[profile.default]\nsolc = "%s"\n' "$SOLC_VERSION" >"$probe/foundry.toml"
    printf '// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\n\ncontract Probe {}\n' >"$probe/src/Probe.sol"
    say "looking for solc $SOLC_VERSION"
    if ! timeout 60 "$PWD/.tools/bin/forge" build --root "$probe" >/dev/null 2>&1 && [ ! -e "$compiler" ]; then
        say "no native solc $SOLC_VERSION to be had: putting npm's at $compiler"
        mkdir -p "$versions"
        draft=$(mktemp -d "$versions/.hallmark-XXXXXX")
        cp lib/solidity/wrapper/solcjs-wrapper.cjs "$draft/"
        cp lib/solidity/wrapper/solc "$draft/solc-$SOLC_VERSION"
        mkdir -p "$draft/node_modules/solc"
        cp node_modules/solc/soljson.js node_modules/solc/package.json "$draft/node_modules/solc/"
        chmod 755 "$draft" "$draft/solc-$SOLC_VERSION"
        if [ -d "$versions/$SOLC_VERSION" ]; then rmdir "$versions/$SOLC_VERSION" || die "\`$versions/$SOLC_VERSION\` is there but holds no compiler" "remove it and run this again"; fi
        mv "$draft" "$versions/$SOLC_VERSION"
    fi
else
    wrapper=$versions/$SOLC_VERSION/solcjs-wrapper.cjs
    if [ -f "$wrapper" ] && ! cmp -s lib/solidity/wrapper/solcjs-wrapper.cjs "$wrapper" \
        && [ "$(sed -n 2p "$wrapper")" = "$(sed -n 2p lib/solidity/wrapper/solcjs-wrapper.cjs)" ]; then
        say "renewing our copy of npm's solc at $compiler"
        cp lib/solidity/wrapper/solcjs-wrapper.cjs "$wrapper.new" && mv "$wrapper.new" "$wrapper"
    fi
fi
say "forge and anvil $FOUNDRY_VERSION and solc $SOLC_VERSION are ready"
