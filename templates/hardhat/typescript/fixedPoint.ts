/** Order of the BN254 groups: public values are below it. */
export const FIELD_MODULUS =
  21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** One, with 18 decimals. */
export const WAD = 10n ** 18n;

/**
 * A public value as a number with 18 decimals, rounded down: what the library's
 * `FixedPoint.decode` returns.
 */
export function decodeWad(word: bigint, fractionBits: number): bigint {
  if (word < 0n || word >= FIELD_MODULUS) {
    throw new RangeError(`${word} is not a public value: it is not below the field's modulus`);
  }
  const integer = word > FIELD_MODULUS / 2n ? word - FIELD_MODULUS : word;
  // The shift of a negative bigint rounds towards minus infinity, as Solidity's does.
  return (integer * WAD) >> BigInt(fractionBits);
}
