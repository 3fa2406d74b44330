// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {Wad} from "../types/Wad.sol";

/// @title Public values as numbers
/// @notice A model's output leaves the circuit as an element of the BN254 scalar field. A negative
/// integer `v` is written `FIELD_MODULUS + v`, and an integer `v` of a tensor with `f` fraction bits
/// stands for the real number `v / 2^f`. This library undoes both, and refuses what cannot be the
/// output of a model.
library FixedPoint {
    /// @notice Order of the BN254 groups: public values are below it.
    uint256 internal constant FIELD_MODULUS =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice Widest integer that `toInteger` accepts, in bits of magnitude. A circuit's values are
    /// far narrower; a word beyond is not a number, it is a hash or an attack.
    uint256 internal constant MAX_MAGNITUDE_BITS = 127;

    /// @notice Most fraction bits that `toWad` accepts.
    uint256 internal constant MAX_FRACTION_BITS = 120;

    /// @notice One in `Wad`.
    int256 internal constant ONE = 1e18;

    /// @notice The word is not a canonical field element: another word stands for the same value.
    error NotCanonical(uint256 word);

    /// @notice The integer does not fit in `magnitudeBits` bits and a sign.
    error MagnitudeTooLarge(uint256 word, uint256 magnitudeBits);

    /// @notice More fraction bits than any tensor has.
    error TooManyFractionBits(uint256 fractionBits, uint256 maximum);

    /// @notice The signed integer that a public value stands for.
    /// @param word The public value.
    /// @param magnitudeBits The caller accepts `-2^magnitudeBits < value < 2^magnitudeBits`.
    function toInteger(uint256 word, uint256 magnitudeBits) internal pure returns (int256 value) {
        if (word >= FIELD_MODULUS) revert NotCanonical(word);
        bool negative = word > FIELD_MODULUS / 2;
        uint256 magnitude = negative ? FIELD_MODULUS - word : word;
        if (magnitudeBits > MAX_MAGNITUDE_BITS || magnitude >> magnitudeBits != 0) {
            revert MagnitudeTooLarge(word, magnitudeBits);
        }
        // At most 127 bits: neither the cast nor the sign can overflow.
        // forge-lint: disable-next-line(unsafe-typecast)
        value = negative ? -int256(magnitude) : int256(magnitude);
    }

    /// @notice The public value that stands for a signed integer.
    function toWord(int256 value) internal pure returns (uint256 word) {
        bool negative = value < 0;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 magnitude = negative ? uint256(-value) : uint256(value);
        if (magnitude >> MAX_MAGNITUDE_BITS != 0) {
            revert MagnitudeTooLarge(magnitude, MAX_MAGNITUDE_BITS);
        }
        word = negative ? FIELD_MODULUS - magnitude : magnitude;
    }

    /// @notice The real number `integer / 2^fractionBits`, rounded towards minus infinity. Exact for
    /// 18 fraction bits or fewer.
    function toWad(int256 integer, uint256 fractionBits) internal pure returns (Wad) {
        if (fractionBits > MAX_FRACTION_BITS) {
            revert TooManyFractionBits(fractionBits, MAX_FRACTION_BITS);
        }
        // The arithmetic shift of a negative number rounds down.
        return Wad.wrap((integer * ONE) >> fractionBits);
    }

    /// @notice The real number that a public value stands for.
    function decode(uint256 word, uint256 fractionBits) internal pure returns (Wad) {
        return toWad(toInteger(word, MAX_MAGNITUDE_BITS), fractionBits);
    }

    /// @notice The real numbers that consecutive public values stand for.
    /// @param first Index of the first of them.
    /// @param count How many.
    function decodeMany(uint256[] calldata instances, uint256 first, uint256 count, uint256 fractionBits)
        internal
        pure
        returns (Wad[] memory values)
    {
        values = new Wad[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = decode(instances[first + i], fractionBits);
        }
    }

    /// @notice Index of the largest of the decoded values, the first one if several are.
    function argmax(Wad[] memory values) internal pure returns (uint256 index) {
        for (uint256 i = 1; i < values.length; ++i) {
            if (values[i] > values[index]) index = i;
        }
    }
}
