#!/usr/bin/env bash
# End to end on a chain of its own: a project, its contracts deployed with forge, the deployment
# checked by hallmark, a proof made for the deployed consumer and submitted, the state changed; what
# must be refused; then the same with `hallmark deploy` and `hallmark submit`. The chain ends with the
# script.
set -euo pipefail
cd "$(dirname "$0")/.."
hallmark=${HALLMARK_BINARY:-$PWD/target/release/hallmark}
export PATH="$PWD/.tools/bin:$PATH"
work=$(mktemp -d)
# The first of anvil's own accounts, known to everybody.
KEY=0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80
ACCOUNT=0x70997970C51812dc3A010C7d01b50e0d17dc79C8

say() { printf '\n== %s\n' "$*"; }
die() { printf 'anvil: %s\n' "$*" >&2; exit 1; }

anvil --port 0 --chain-id 31337 >"$work/anvil.log" 2>&1 &
chain=$!
trap 'kill $chain 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    port=$(sed -n 's/^Listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/anvil.log")
    [ -n "$port" ] && break
    sleep 0.1
done
[ -n "${port:-}" ] || die "anvil did not start: $(cat "$work/anvil.log")"
url=http://127.0.0.1:$port

# rpc METHOD PARAMETERS: the result; an error answer goes to stdout with exit code 1.
rpc() {
    node -e '
        const [url, method, params] = process.argv.slice(1);
        fetch(url, { method: "POST", headers: { "content-type": "application/json" },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: JSON.parse(params) }) })
            .then((answer) => answer.json())
            .then(({ result, error }) => {
                if (error) { console.log(JSON.stringify(error)); process.exit(1); }
                console.log(typeof result === "string" ? result : JSON.stringify(result));
            });
    ' "$url" "$1" "$2"
}
refused() { # WORD COMMAND…: must fail and say WORD
    local word=$1 said
    shift
    if said=$("$@" 2>&1); then die "was not refused: $*"; fi
    grep -q -- "$word" <<<"$said" || die "refused otherwise than with $word: $said"
    printf 'refused: %s\n' "$word"
}

say "a project"
"$hallmark" --quiet new "$work/demo"
cd "$work/demo"

say "deployed with forge script"
forge script script/Deploy.s.sol --rpc-url "$url" --broadcast --private-key $KEY >"$work/deploy.log" 2>&1 || die "$(tail -20 "$work/deploy.log")"
address() {
    node -p 'JSON.parse(require("fs").readFileSync("broadcast/Deploy.s.sol/31337/run-latest.json"))
        .transactions.find((t) => t.contractName === process.argv[1]).contractAddress' "$1"
}
verifier=$(address DevOnlyHalo2Verifier)
consumer=$(address ModelConsumer)
printf 'verifier %s\nconsumer %s\n' "$verifier" "$consumer"

say "hallmark verify: the deployed contract against this repository"
"$hallmark" --quiet verify --rpc-url "$url" --address "$verifier"

say "a proof for that consumer, submitted"
"$hallmark" --quiet prove --out bound.proof --chain-id 31337 --consumer "$consumer" --account "$ACCOUNT" --nonce 1 --deadline 4102444800
data=$("$hallmark" --quiet export submit --proof bound.proof)
sender=$(rpc eth_accounts '[]' | node -p 'JSON.parse(require("fs").readFileSync(0))[3]')
count() { rpc eth_call "[{\"to\":\"$consumer\",\"data\":\"0x06661abd\"},\"latest\"]"; }
before=$(count)
hash=$(rpc eth_sendTransaction "[{\"from\":\"$sender\",\"to\":\"$consumer\",\"data\":\"$data\",\"gas\":\"0xf4240\"}]")
receipt=$(rpc eth_getTransactionReceipt "[\"$hash\"]")
node -e 'const receipt = JSON.parse(process.argv[1]);
    if (receipt.status !== "0x1") { console.error(receipt); process.exit(1); }
    console.log(`accepted, ${Number(receipt.gasUsed)} gas`);' "$receipt"
after=$(count)
[ $((after - before)) = 1 ] || die "the count went from $before to $after"
echo "recorded inferences: $((before)) -> $((after))"

say "what must be refused"
# InferenceAlreadyUsed(bytes32)
replay=$(node -p '"0x" + process.argv[1]' "$(forge inspect ModelConsumer errors --json | node -p 'Object.entries(JSON.parse(require("fs").readFileSync(0))).find(([name]) => name.startsWith("InferenceAlreadyUsed"))[1]')")
refused "$replay" rpc eth_call "[{\"from\":\"$sender\",\"to\":\"$consumer\",\"data\":\"$data\"},\"latest\"]"
refused "is not this repository's verifier" "$hallmark" verify --rpc-url "$url" --address "$consumer"
refused "no contract at" "$hallmark" verify --rpc-url "$url" --address 0x00000000000000000000000000000000000000aa
refused "bound to no consumer" bash -c "'$hallmark' prove --input model/input.json --out free.proof && '$hallmark' export submit --proof free.proof"

say "the deployed verifier in forge's fork mode"
HALLMARK_RPC_URL=$url HALLMARK_VERIFIER=$verifier forge test --match-contract DeployedTest | tee "$work/fork.log" | grep -E 'PASS|FAIL|Suite'
grep -q '3 passed; 0 failed; 0 skipped' "$work/fork.log" || die "the fork tests did not run"

say "hallmark deploy: said, then done"
sent() { rpc eth_getTransactionCount "[\"$(rpc eth_accounts '[]' | node -p 'JSON.parse(require("fs").readFileSync(0))[0]')\",\"pending\"]"; }
before=$(sent)
"$hallmark" --quiet deploy --rpc-url "$url" --unlocked
[ "$(sent)" = "$before" ] || die "a dry run sent something"
export ANVIL_KEY=$KEY
"$hallmark" --quiet deploy --rpc-url "$url" --private-key-env ANVIL_KEY --broadcast
[ $(($(sent) - before)) = 2 ] || die "two transactions were expected"
"$hallmark" --quiet verify --rpc-url "$url" >/dev/null

say "hallmark submit: said, then done, and not again"
"$hallmark" --quiet prove --out deployed.proof --deployment 31337 --account "$ACCOUNT" --deadline 4102444800
before=$(sent)
"$hallmark" --quiet submit --proof deployed.proof --rpc-url "$url"
[ "$(sent)" = "$before" ] || die "a dry run sent something"
"$hallmark" --quiet submit --proof deployed.proof --rpc-url "$url" --private-key-env ANVIL_KEY --broadcast
refused "InferenceAlreadyUsed(nullifier" "$hallmark" submit --proof deployed.proof --rpc-url "$url" --private-key-env ANVIL_KEY --broadcast
refused "is bound to consumer" "$hallmark" submit --proof bound.proof --rpc-url "$url" --private-key-env ANVIL_KEY --broadcast
refused "base is chain 8453" "$hallmark" deploy --rpc-url "$url" --private-key-env ANVIL_KEY --network base --broadcast
[ $(($(sent) - before)) = 1 ] || die "one transaction was expected"

say "the node is gone"
kill $chain
wait $chain 2>/dev/null || true
refused "127.0.0.1:$port" "$hallmark" verify --rpc-url "$url" --address "$verifier"
refused "127.0.0.1:$port" "$hallmark" submit --proof deployed.proof --rpc-url "$url" --private-key-env ANVIL_KEY --broadcast
say "all as expected"
