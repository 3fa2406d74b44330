import { encodeAbiParameters, keccak256, stringToHex, type Address } from "viem";

/** For whom, where and until when a proof is good. */
export interface Context {
  /** Chain of the consumer. */
  chainId: bigint;
  /** Contract that acts on the inference. */
  consumer: Address;
  /** Account that the inference takes effect for, whoever sends it. */
  account: Address;
  /** Number that the account uses once with this consumer. */
  nonce: bigint;
  /** Last second, in Unix time, at which the inference is accepted. */
  deadline: bigint;
}

/** Separates contexts from any other hash of the same fields. */
const TYPE_HASH = keccak256(stringToHex("hallmark.context.v1"));

/** Bits that are dropped to fit the field. */
const DROPPED_BITS = 8n;

/**
 * The first public value of a proof for this context: what the consumer's `contextOf` returns, for
 * programs that have no chain to ask.
 */
export function contextHash(context: Context): bigint {
  const encoded = encodeAbiParameters(
    [
      { type: "bytes32" },
      { type: "uint256" },
      { type: "address" },
      { type: "address" },
      { type: "uint256" },
      { type: "uint256" },
    ],
    [TYPE_HASH, context.chainId, context.consumer, context.account, context.nonce, context.deadline],
  );
  return BigInt(keccak256(encoded)) >> DROPPED_BITS;
}
