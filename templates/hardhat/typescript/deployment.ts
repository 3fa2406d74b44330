import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { network } from "hardhat";
import { getAddress, isAddress, keccak256, type Address, type Hash, type Hex } from "viem";

type Connection = Awaited<ReturnType<typeof network.create>>;

/** A contract that was deployed. Names are those of the address book. */
export interface Deployed {
  /** Name of the contract. */
  name: string;
  address: Address;
  /** Hash of its runtime code. */
  code_hash: Hex;
  /** Hash of the transaction that created it. */
  transaction: Hash;
  /** Number of that transaction's block. */
  block: number;
  gas_used: number;
  /** Its fee in wei, as far as its receipt says. */
  paid_wei: string;
}

/** Contracts that were deployed together. */
export interface Deployment {
  /** Timestamp of the block of the last contract, in seconds since 1970. */
  timestamp: number;
  deployer: Address;
  /** The model that the verifier is for. */
  verifying_key_id: Hex;
  srs_id: Hex;
  verifier: Deployed;
  consumer: Deployed;
  /** What else was deployed: verifiers of further models. */
  others?: readonly Deployed[];
}

/**
 * What is deployed on one chain: `deployments/<chain id>.json`. `hallmark verify`, `prove --deployment`
 * and `submit` read it.
 */
export interface AddressBook {
  version: 1;
  chain_id: number;
  /** Name of the network, for people. */
  network: string;
  latest: Deployment | null;
  /** Earlier deployments, the newest first. */
  history: readonly unknown[];
}

/** The file of a chain's address book. */
export function addressBookFile(folder: string, chainId: number): string {
  return join(folder, `${chainId}.json`);
}

/** A chain's address book; undefined when there is none. */
export function readAddressBook(folder: string, chainId: number): AddressBook | undefined {
  const file = addressBookFile(folder, chainId);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  const invalid = (reason: string) =>
    new TypeError(`\`${file}\` is no address book of chain ${chainId}: ${reason}\nhint: restore it from version control`);
  let book: Partial<AddressBook>;
  try {
    book = JSON.parse(text) as Partial<AddressBook>;
  } catch (error) {
    throw invalid(String(error));
  }
  const { version, chain_id, network: name = "", latest = null, history = [] } = book;
  if (version !== 1 || chain_id !== chainId) {
    throw invalid(`it has version ${version} and chain ${chain_id}`);
  }
  if (latest !== null && !(isAddress(latest.verifier?.address) && isAddress(latest.consumer?.address))) {
    throw invalid("an address is missing");
  }
  return { version, chain_id, network: name, latest, history };
}

/**
 * Makes a deployment the latest one of a chain; the one before moves to the history. The file is written
 * beside its place, then moved there.
 */
export function recordDeployment(folder: string, chainId: number, name: string, deployment: Deployment): string {
  const file = addressBookFile(folder, chainId);
  const before = readAddressBook(folder, chainId);
  const history = before?.latest ? [before.latest, ...before.history] : (before?.history ?? []);
  const book: AddressBook = { version: 1, chain_id: chainId, network: name, latest: deployment, history };
  const draft = `${file}.tmp`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(draft, `${JSON.stringify(book, undefined, 2)}\n`);
  renameSync(draft, file);
  return file;
}

/** What the address book says of a contract, when the transaction that creates it is in a block. */
export async function deployedBy(connection: Connection, name: string, transaction: Hash): Promise<Deployed> {
  const reader = await connection.viem.getPublicClient();
  const receipt = await reader.waitForTransactionReceipt({ hash: transaction });
  const address = receipt.contractAddress;
  const code = address && receipt.status === "success" ? await reader.getCode({ address }) : undefined;
  if (!address || code === undefined) {
    throw new Error(`transaction ${transaction} did not create ${name}\nhint: look at it in a block explorer`);
  }
  return {
    name,
    address: getAddress(address),
    code_hash: keccak256(code),
    transaction,
    block: Number(receipt.blockNumber),
    gas_used: Number(receipt.gasUsed),
    paid_wei: (receipt.gasUsed * receipt.effectiveGasPrice).toString(),
  };
}

/** Settings of a deployment: as a rule `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An address that an environment variable names. */
export function addressFrom(environment: Environment, name: string, otherwise?: Address): Address {
  const value = environment[name] || otherwise;
  if (value === undefined || !isAddress(value)) {
    throw new TypeError(`the environment variable \`${name}\` is not an address\nhint: set it to one`);
  }
  return getAddress(value);
}
