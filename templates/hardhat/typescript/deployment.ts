import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { getAddress, isAddress, type Address, type Hex } from "viem";

/** A contract that was deployed. */
export interface Deployed {
  /** Name of the contract. */
  contract: string;
  address: Address;
  /** Hash of its runtime code. */
  codeHash: Hex;
}

/** What is deployed on one chain: `deployments/<chain id>.json`. */
export interface AddressBook {
  chainId: number;
  /** The model that the verifier is for. */
  verifyingKeyId: Hex;
  verifier: Deployed;
  consumer: Deployed;
  /** What else was deployed: verifiers of further models. */
  others?: readonly Deployed[];
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
  const book = JSON.parse(text) as AddressBook;
  if (book.chainId !== chainId || !isAddress(book.verifier?.address) || !isAddress(book.consumer?.address)) {
    throw new TypeError(`\`${file}\` is not an address book of chain ${chainId}\nhint: remove it and deploy again`);
  }
  return book;
}

/** Writes a chain's address book beside its place, then moves it there. */
export function writeAddressBook(folder: string, book: AddressBook): string {
  const file = addressBookFile(folder, book.chainId);
  const draft = `${file}.tmp`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(draft, `${JSON.stringify(book, undefined, 2)}\n`);
  renameSync(draft, file);
  return file;
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
