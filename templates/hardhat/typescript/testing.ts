import assert from "node:assert/strict";

import type { ConstructorArgs, ContractReturnType } from "@nomicfoundation/hardhat-viem/types";
import { artifacts, network } from "hardhat";
import type { ArtifactMap } from "hardhat/types/artifacts";
import {
  BaseError,
  decodeErrorResult,
  encodeDeployData,
  hexToBytes,
  isHex,
  parseEther,
  toHex,
  type Abi,
  type Address,
  type ContractConstructorArgs,
  type ContractErrorArgs,
  type ContractErrorName,
  type Hex,
} from "viem";

/** Where a proof's public values hold the context; the outputs follow. */
export const CONTEXT_INDEX = 0;

/** The chain that recorded proofs are for. */
export const LOCAL_CHAIN_ID = 31337;

/** Names of the contracts that were built. */
export type ContractName = keyof ArtifactMap & string;

/** A chain of its own, in this process. */
export type Connection = Awaited<ReturnType<typeof connect>>;

/** Starts a chain. */
export async function connect(chainId: number = LOCAL_CHAIN_ID) {
  return network.create({ network: "default", override: { chainId } });
}

/** Lets a test send as any account, and gives it ether to do so. */
export async function walletOf(connection: Connection, account: Address) {
  const client = await connection.viem.getTestClient();
  await client.impersonateAccount({ address: account });
  await client.setBalance({ address: account, value: parseEther("10000") });
  return connection.viem.getWalletClient(account);
}

/**
 * Deploys a contract at an address of choice. A proof is bound to its consumer's address, which is
 * thus part of a recorded proof.
 *
 * The constructor runs at that address, so that what it stores and what it takes for `address(this)`
 * are right. If it reverts, so does this, with its reason.
 */
export async function deployAt<Name extends ContractName>(
  connection: Connection,
  where: Address,
  name: Name,
  constructorArguments: ConstructorArgs<Name>,
): Promise<ContractReturnType<Name>> {
  const artifact = await artifacts.readArtifact(name);
  const creationCode = encodeDeployData({
    abi: artifact.abi as Abi,
    bytecode: artifact.bytecode as Hex,
    args: constructorArguments as ContractConstructorArgs<Abi>,
  });
  const client = await connection.viem.getTestClient();
  const reader = await connection.viem.getPublicClient();
  const [deployer] = await connection.viem.getWalletClients();
  assert(deployer !== undefined, "a local chain has accounts");
  // Contracts count from one; creating another must not start at zero.
  if ((await reader.getTransactionCount({ address: where })) === 0) {
    await client.setNonce({ address: where, nonce: 1 });
  }
  await client.setCode({ address: where, bytecode: creationCode });
  // Run twice: once for what it returns, the code to be left there, once for what it stores.
  const { data: runtimeCode } = await reader.call({ account: deployer.account, to: where });
  assert(runtimeCode !== undefined, `the constructor of ${name} left no code behind`);
  await reader.waitForTransactionReceipt({ hash: await deployer.sendTransaction({ to: where }) });
  await client.setCode({ address: where, bytecode: runtimeCode });
  return connection.viem.getContractAt(name, where) as unknown as Promise<ContractReturnType<Name>>;
}

/** What a call reverted with; undefined when it failed otherwise. */
export function revertData(error: unknown): Hex | undefined {
  let found: Hex | undefined;
  const look = (value: unknown): boolean => {
    if (typeof value !== "object" || value === null || !("data" in value)) {
      return false;
    }
    // Nodes answer with the data itself, or with an object that has it.
    const { data } = value;
    if (isHex(data)) {
      found = data;
      return true;
    }
    return look(data);
  };
  if (error instanceof BaseError) {
    error.walk(look);
  }
  return found;
}

/**
 * The action is refused with exactly this error of a contract, and, where they are given, with these
 * arguments. Running out of gas, or failing in any other way, is no refusal.
 */
export async function assertRefused<const ContractAbi extends Abi, Name extends ContractErrorName<ContractAbi>>(
  action: Promise<unknown>,
  contract: { abi: ContractAbi },
  errorName: Name,
  errorArguments?: ContractErrorArgs<ContractAbi, Name>,
): Promise<void> {
  const found = await refusalOf(action, contract.abi);
  assert.equal(found.errorName, errorName, `refused with ${found.errorName}, not ${errorName}`);
  if (errorArguments !== undefined) {
    assert.deepEqual(found.args ?? [], errorArguments);
  }
}

/** The error of a contract that an action is refused with. */
export async function refusalOf(action: Promise<unknown>, abi: Abi) {
  let reason: unknown;
  try {
    await action;
  } catch (error) {
    reason = error;
  }
  assert(reason !== undefined, "accepted what should be refused");
  const data = revertData(reason);
  assert(data !== undefined && data !== "0x", `failed without a reason: ${String(reason)}`);
  return decodeErrorResult({ abi, data });
}

/** The proof with one bit flipped. Bit 0 is the highest of the first byte. */
export function flipBit(proof: Hex, bit: number): Hex {
  const bytes = hexToBytes(proof);
  const index = Math.floor(bit / 8);
  const byte = bytes[index];
  assert(byte !== undefined, "the proof has such a bit");
  bytes[index] = byte ^ (0x80 >> bit % 8);
  return toHex(bytes);
}

/** The public values with another one at one place. */
export function replaceInstance(instances: readonly bigint[], index: number, value: bigint): readonly bigint[] {
  assert(index < instances.length && instances[index] !== value, "the mutation changes something");
  return instances.with(index, value);
}

/** Errors by which generated verifiers call a proof, or its public values, bad. */
export const BAD_PROOF_ERRORS: ReadonlySet<string> = new Set([
  "ProofLengthInvalid",
  "InstanceCountInvalid",
  "CalldataLayoutInvalid",
  "PointInvalid",
  "ScalarNotCanonical",
  "InstanceNotCanonical",
  "ChallengeDegenerate",
  "ProofInvalid",
]);
