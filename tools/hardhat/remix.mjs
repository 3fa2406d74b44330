// Does what the README of a project for Remix says, with the compiler that Remix uses and a local
// chain: compile, deploy, paste.
//
//     node remix.mjs PROJECT HALLMARK
//
// Prints bytes of code and gas. Fails when there is a warning, when code is too large, or when what is
// pasted is refused.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { createPublicClient, createWalletClient, decodeErrorResult, http, parseAbi } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const [, , project, hallmark] = process.argv;
const url = process.env.RPC_URL ?? "http://127.0.0.1:8545";

/** The limit of EIP-170. */
const LARGEST_CODE = 24576;

/** The first account of local chains. */
const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");

const readme = readFileSync(join(project, "README.md"), "utf8");
const [, consumerName] = /^Contract `(\w+)`, with these arguments:/m.exec(readme);
const verifierNames = [...readme.matchAll(/^Contract `(\w+)`, no arguments\./gm)].map(([, name]) => name);
assert(verifierNames.length > 0, "a verifier");

// 2. Compile
const solc = createRequire(import.meta.url)("solc");
const [, version] = /^\| version \| (\S+) \|$/m.exec(readme);
assert(solc.version().startsWith(`${version}+`), `solc ${solc.version()} is not ${version}`);
const file = `${consumerName}.sol`;
const configuration = JSON.parse(readFileSync(join(project, "compiler_config.json"), "utf8"));
const text = readFileSync(join(project, file), "utf8");
assert.equal(text.match(/^\/\/ SPDX-License-Identifier:/gm).length, 1, "one licence");
assert.equal(text.match(/^pragma /gm).length, 1, "one pragma");
assert.equal(text.match(/^import /gm), null, "no imports");
const output = JSON.parse(solc.compile(JSON.stringify({ ...configuration, sources: { [file]: { content: text } } })));
assert.deepEqual((output.errors ?? []).map((error) => error.formattedMessage), [], "no warnings");
const contracts = output.contracts[file];
for (const name of [...verifierNames, consumerName]) {
  const bytes = contracts[name].evm.deployedBytecode.object.length / 2;
  assert(bytes > 0 && bytes <= LARGEST_CODE, `${name} has ${bytes} bytes`);
  console.log(`    ${name}: ${bytes} bytes`);
}

// 1. A chain
const transport = http(url);
const reader = createPublicClient({ transport, pollingInterval: 50 });
const wallet = createWalletClient({ transport, account });
const chain = null;
await reader.request({ method: "anvil_setBalance", params: [account.address, "0x56bc75e2d63100000"] });

/** Sends a transaction; its receipt. */
async function send(transaction) {
  const hash = await wallet.sendTransaction({ chain, gas: 8_000_000n, ...transaction });
  return reader.waitForTransactionReceipt({ hash });
}

/** Deploys a contract; its address. */
async function deploy(name, args) {
  const { abi, evm } = contracts[name];
  const bytecode = `0x${evm.bytecode.object}`;
  const hash = await wallet.deployContract({ chain, abi, bytecode, args, gas: 8_000_000n });
  const { status, contractAddress } = await reader.waitForTransactionReceipt({ hash });
  assert.equal(status, "success", `${name} can be deployed`);
  return contractAddress;
}

// 3. Deploy the verifiers: one for each model
const verifiers = [];
for (const name of verifierNames) verifiers.push(await deploy(name, []));

// 4. A real proof of each
const blocks = [...readme.matchAll(/```calldata\n(0x[0-9a-f]+)\n```/g)].map(([, block]) => block);
assert.equal(blocks.length, verifiers.length, "a proof for each verifier");
for (const [index, pasted] of blocks.entries()) {
  const to = verifiers[index];
  const accepted = await send({ to, data: pasted });
  assert.equal(accepted.status, "success", "the pasted proof is accepted");
  console.log(`    verifyProof of ${verifierNames[index]}: ${accepted.gasUsed} gas`);
  for (const digit of [3, 200, 600, pasted.length - 1]) {
    const other = pasted[digit] === "0" ? "1" : "0";
    const spoilt = `${pasted.slice(0, digit)}${other}${pasted.slice(digit + 1)}`;
    assert.equal((await send({ to, data: spoilt })).status, "reverted", `digit ${digit} matters`);
  }
}

// 5. Deploy the consumer
const [, table] = /\| argument \| value \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(readme);
const rows = table.trim().split("\n").map((line) => line.split("|").map((cell) => cell.trim()).slice(1, 3));
const parameters = contracts[consumerName].abi.find((entry) => entry.type === "constructor").inputs;
assert.deepEqual(rows.map(([name]) => name), parameters.map(({ name }) => name), "all arguments, in order");
const { timestamp: now } = await reader.getBlock();
/** What stands for something of one's own. */
const own = { account: account.address, closing: now + 600n, "latest settlement": now + 86_400n };
verifierNames.forEach((name, index) => (own[name] = verifiers[index]));
const filledIn = (text) => Object.entries(own).reduce((filled, [name, value]) => filled.replaceAll(`<${name}>`, value), text);
const args = rows.map(([name, value]) => {
  if (name === "verifier") return verifiers[0];
  const [, literal] = /^`(.*?)`/.exec(value) ?? [];
  // What is not a literal is an address of one's own.
  if (literal === undefined) return account.address;
  const filled = filledIn(literal);
  return filled.startsWith("[") ? JSON.parse(filled) : filled;
});
/** Lists as objects where the ABI has structs, as Remix does it. */
function shaped(value, { type, components }) {
  if (type.endsWith("[]")) return value.map((item) => shaped(item, { type: type.slice(0, -2), components }));
  if (type !== "tuple") return value;
  return Object.fromEntries(components.map((component, index) => [component.name, shaped(value[index], component)]));
}
const consumer = await deploy(consumerName, args.map((value, index) => shaped(value, parameters[index])));

// 6. A proof for the consumer
const commands = readme.match(/^    hallmark .*$/gm).map((line) => line.trim().split(" ").slice(1));
assert.equal(commands.length, verifiers.length + 1, "a proof of each model, then the calldata");
own.consumer = consumer;
let printed = "";
for (const command of commands) {
  printed = execFileSync(hallmark, ["--quiet", ...command.map(filledIn)], { cwd: project, encoding: "utf8" }).trim();
}
// Where there is a closing, it has to be waited for.
if (readme.includes("<closing>")) {
  await reader.request({ method: "evm_increaseTime", params: [660] });
  await reader.request({ method: "evm_mine", params: [] });
}
const abi = contracts[consumerName].abi;
const sent = await send({ to: consumer, data: printed });
const last = commands.at(-1);
const action = last[last.indexOf("--function") + 1];
const isUsed = parseAbi(["function isUsed(address account, uint256 nonce) view returns (bool)"]);
const used = () => reader.readContract({ address: consumer, abi: isUsed, functionName: "isUsed", args: [account.address, 0n] });
if (sent.status === "success") {
  assert.equal(await used(), true, "the nonce is used");
  const again = await send({ to: consumer, data: printed });
  assert.equal(again.status, "reverted", "a proof is used once");
  console.log(`    ${action}: ${sent.gasUsed} gas`);
} else {
  // A consumer may have reasons of its own, but the proof is good.
  const error = await reader.call({ to: consumer, data: printed, account }).then(
    () => undefined,
    (failure) => failure.walk((cause) => typeof cause.data === "string")?.data,
  );
  const { errorName } = decodeErrorResult({ abi, data: error });
  const ofTheProof = ["ProofRejected", "ContextMismatch", "ProofExpired", "NotAccount", "VerifierCodeMismatch"];
  assert(!ofTheProof.includes(errorName), `the proof is refused: ${errorName}`);
  console.log(`    ${action}: refused by the consumer's own rules (${errorName})`);
}
