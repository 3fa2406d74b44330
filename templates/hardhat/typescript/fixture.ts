import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { getAddress, isHex, type Address, type Hex } from "viem";

import type { Context } from "./context.js";

/** A proof, and everything that a consumer is told with it. */
export interface Inference {
  /** The proof. */
  proof: Hex;
  /** The public values: the context, then all outputs. */
  instances: readonly bigint[];
  /** The account that the proof is for. */
  account: Address;
  /** Which of the account's inferences it is. */
  nonce: bigint;
  /** Until when it is good, in seconds since 1970. */
  deadline: bigint;
}

/** A recorded inference. */
export interface RecordedInference extends Inference {
  /** As it is called under `[[proofs]]` in hallmark.toml; the first one is `given`. */
  name: string;
  /** What the circuit computed, in wad, all outputs one after the other. */
  outputs: readonly bigint[];
}

/** Real proofs of one model. */
export interface Fixture {
  /** Hash of the verifying key that the proofs are for. */
  verifyingKeyId: Hex;
  /** Identity of the structured reference string behind it. */
  srsId: Hex;
  /** The chain that the proofs are bound to. */
  chainId: bigint;
  /** The contract that may use them. */
  consumer: Address;
  /** How far the outputs may be from those of the float model, in wad. */
  tolerance: bigint;
  /** What the float model computes on the input of the first proof, in wad. */
  modelOutputs: readonly bigint[];
  /** The proofs; there is at least one. */
  proofs: readonly [RecordedInference, ...RecordedInference[]];
}

/** The recorded proofs are not for this build. */
export class StaleFixtureError extends Error {
  override name = "StaleFixtureError";
}

/** The recorded proof of this name. */
export function inferenceNamed(fixture: Fixture, name: string): RecordedInference {
  const found = fixture.proofs.find((inference) => inference.name === name);
  if (found === undefined) {
    throw new TypeError(
      `there is no proof \`${name}\`\nhint: ask for one under \`[[proofs]]\` in hallmark.toml and run \`hallmark build\``,
    );
  }
  return found;
}

/** The context that a recorded proof was made for. */
export function contextOf(fixture: Fixture, inference: Inference): Context {
  const { account, nonce, deadline } = inference;
  return { chainId: fixture.chainId, consumer: fixture.consumer, account, nonce, deadline };
}

/**
 * The recorded proofs for a verifying key.
 *
 * @param file The JSON file that `hallmark build` writes.
 * @param verifyingKeyId What the verifier that is tested says of itself.
 * @throws StaleFixtureError when the file has proofs for other keys only.
 */
export function loadFixture(file: string | URL, verifyingKeyId: Hex): Fixture {
  const name = file instanceof URL ? fileURLToPath(file) : file;
  const reader = new Reader(name);
  const root = reader.object(JSON.parse(readFileSync(file, "utf8")), "the file");
  if (root.format !== 1) {
    throw reader.invalid("format", "1");
  }
  const models = reader.object(root.models, "models");
  const found = models[verifyingKeyId.toLowerCase()];
  if (found === undefined) {
    const keys = Object.keys(models).join(", ");
    throw new StaleFixtureError(
      `\`${name}\` has no proof for verifying key ${verifyingKeyId}, only for ${keys}\n` +
        "hint: run `hallmark build`, which makes the verifier and its proofs from the model",
    );
  }
  const model = reader.object(found, "models");
  const [first, ...others] = reader
    .list(model.proofs, "proofs")
    .map((proof) => recorded(reader, proof));
  if (first === undefined) {
    throw reader.invalid("proofs", "at least one");
  }
  return {
    verifyingKeyId,
    srsId: reader.hex(model.srsId, "srsId"),
    chainId: reader.integer(model.chainId, "chainId"),
    consumer: reader.address(model.consumer, "consumer"),
    tolerance: reader.integer(model.tolerance, "tolerance"),
    modelOutputs: reader.integers(model.modelOutputs, "modelOutputs"),
    proofs: [first, ...others],
  };
}

function recorded(reader: Reader, value: unknown): RecordedInference {
  const proof = reader.object(value, "proofs");
  return {
    name: String(proof.name),
    proof: reader.hex(proof.proof, "proof"),
    instances: reader.integers(proof.instances, "instances"),
    account: reader.address(proof.account, "account"),
    nonce: reader.integer(proof.nonce, "nonce"),
    deadline: reader.integer(proof.deadline, "deadline"),
    outputs: reader.integers(proof.outputs, "outputs"),
  };
}

/** Checks what is read: JSON has no types, and no integers of this size. */
class Reader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  invalid(field: string, expected: string): Error {
    return new TypeError(`\`${this.#file}\`: ${field} is not ${expected}\nhint: run \`hallmark build\``);
  }

  object(value: unknown, field: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.invalid(field, "an object");
    }
    return value as Record<string, unknown>;
  }

  list(value: unknown, field: string): readonly unknown[] {
    if (!Array.isArray(value)) {
      throw this.invalid(field, "a list");
    }
    return value;
  }

  hex(value: unknown, field: string): Hex {
    if (!isHex(value)) {
      throw this.invalid(field, "`0x` and hexadecimal digits");
    }
    return value;
  }

  integer(value: unknown, field: string): bigint {
    if (typeof value !== "string" || !/^(-?[0-9]+|0x[0-9a-f]+)$/i.test(value)) {
      throw this.invalid(field, "an integer in quotes");
    }
    return BigInt(value);
  }

  integers(value: unknown, field: string): readonly bigint[] {
    return this.list(value, field).map((item) => this.integer(item, field));
  }

  address(value: unknown, field: string): Address {
    try {
      return getAddress(this.hex(value, field));
    } catch {
      throw this.invalid(field, "an address");
    }
  }
}
