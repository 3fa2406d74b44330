// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {FieldElement, FIELD_MODULUS, toFieldElement} from "../types/FieldElement.sol";
import {Wad, WAD_ONE} from "../types/Wad.sol";

/// @title Public values as numbers
/// @notice A model's output leaves the circuit as an element of the BN254 scalar field. A negative
/// integer `v` is written `FIELD_MODULUS + v`, and an integer `v` of a tensor with `f` fraction bits
/// stands for the real number `v / 2^f`. This library undoes both, and refuses what cannot be the
/// output of a model.
/// @dev Words that are not canonical field elements are refused with `NotCanonical` of
/// `types/FieldElement.sol`, whatever is read from them.
library FixedPoint {
    /// @notice Widest integer that `toInteger` accepts, in bits of magnitude. A circuit's values are
    /// far narrower; a word beyond is not a number, it is a hash or an attack.
    uint256 internal constant MAX_MAGNITUDE_BITS = 127;

    /// @notice Most fraction bits that `toWad` accepts.
    uint256 internal constant MAX_FRACTION_BITS = 120;

    /// @notice One in `Wad`.
    int256 internal constant ONE = WAD_ONE;

    /*------------------------------------------------------------*/
    /* Errors                                                     */
    /*------------------------------------------------------------*/

    /// @notice The integer does not fit in `magnitudeBits` bits and a sign.
    error MagnitudeTooLarge(uint256 word, uint256 magnitudeBits);

    /// @notice More fraction bits than any tensor has.
    error TooManyFractionBits(uint256 fractionBits, uint256 maximum);

    /// @notice The integer is negative where only zero or more makes sense.
    error NegativeInteger(int256 value);

    /// @notice The public value is neither zero nor one.
    error NotABoolean(uint256 word);

    /// @notice The public value is not the index of one of `count` things.
    error IndexOutOfRange(uint256 word, uint256 count);

    /// @notice No values to choose from.
    error NothingToCompare();

    /*------------------------------------------------------------*/
    /* Words and integers                                         */
    /*------------------------------------------------------------*/

    /// @notice The signed integer that a public value stands for.
    /// @param word The public value.
    /// @param magnitudeBits The caller accepts `-2^magnitudeBits < value < 2^magnitudeBits`.
    /// @return value The integer.
    function toInteger(uint256 word, uint256 magnitudeBits) internal pure returns (int256 value) {
        FieldElement element = toFieldElement(word);
        uint256 magnitude = element.readMagnitude();
        if (magnitudeBits > MAX_MAGNITUDE_BITS || magnitude >> magnitudeBits != 0) {
            revert MagnitudeTooLarge(word, magnitudeBits);
        }
        // At most 127 bits: neither the cast nor the sign can overflow.
        // forge-lint: disable-next-line(unsafe-typecast)
        value = element.readsNegative() ? -int256(magnitude) : int256(magnitude);
    }

    /// @notice The unsigned integer that a public value stands for; negative ones are refused.
    /// @param word The public value.
    /// @param bits The caller accepts `0 <= value < 2^bits`.
    function toUnsigned(uint256 word, uint256 bits) internal pure returns (uint256) {
        int256 value = toInteger(word, bits);
        if (value < 0) revert NegativeInteger(value);
        // Not negative, as was just checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(value);
    }

    /// @notice The boolean that a public value stands for: the output of a model that ends in a
    /// comparison.
    /// @param word The public value.
    function toBoolean(uint256 word) internal pure returns (bool) {
        if (FieldElement.unwrap(toFieldElement(word)) > 1) revert NotABoolean(word);
        return word == 1;
    }

    /// @notice The index that a public value stands for: the output of a model that ends in an
    /// argmax over `count` classes.
    /// @param word The public value.
    /// @param count How many there are.
    function toIndex(uint256 word, uint256 count) internal pure returns (uint256) {
        if (FieldElement.unwrap(toFieldElement(word)) >= count) revert IndexOutOfRange(word, count);
        return word;
    }

    /// @notice The public value that stands for a signed integer.
    /// @param value The integer.
    /// @return word The public value.
    function toWord(int256 value) internal pure returns (uint256 word) {
        bool negative = value < 0;
        // The opposite of the smallest integer does not exist, and negating it reverts.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 magnitude = negative ? uint256(-value) : uint256(value);
        if (magnitude >> MAX_MAGNITUDE_BITS != 0) {
            revert MagnitudeTooLarge(magnitude, MAX_MAGNITUDE_BITS);
        }
        word = negative ? FIELD_MODULUS - magnitude : magnitude;
    }

    /*------------------------------------------------------------*/
    /* Integers and real numbers                                  */
    /*------------------------------------------------------------*/

    /// @notice The real number `integer / 2^fractionBits`, rounded towards minus infinity. Exact for
    /// 18 fraction bits or fewer.
    /// @param integer The integer.
    /// @param fractionBits Fraction bits of its tensor.
    function toWad(int256 integer, uint256 fractionBits) internal pure returns (Wad) {
        _requireFractionBits(fractionBits);
        // The arithmetic shift of a negative number rounds down.
        return Wad.wrap((integer * ONE) >> fractionBits);
    }

    /// @notice The integer `value * 2^fractionBits`, rounded towards minus infinity: how a threshold
    /// in real numbers is compared with raw outputs. Reverts on overflow.
    /// @param value The real number.
    /// @param fractionBits Fraction bits of its tensor.
    /// @return integer The integer.
    function fromWad(Wad value, uint256 fractionBits) internal pure returns (int256 integer) {
        _requireFractionBits(fractionBits);
        // 2^120 at most: the cast keeps the sign, and the product is checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 scaled = Wad.unwrap(value) * int256(uint256(1) << fractionBits);
        integer = scaled / ONE;
        // Division rounds towards zero, which for a negative number is upwards.
        if (scaled < 0 && scaled % ONE != 0) --integer;
    }

    /// @notice The real number that a public value stands for.
    /// @param word The public value.
    /// @param fractionBits Fraction bits of its tensor.
    function decode(uint256 word, uint256 fractionBits) internal pure returns (Wad) {
        return toWad(toInteger(word, MAX_MAGNITUDE_BITS), fractionBits);
    }

    /// @notice The public value that stands for a real number, rounded towards minus infinity.
    /// @param value The real number.
    /// @param fractionBits Fraction bits of its tensor.
    function encode(Wad value, uint256 fractionBits) internal pure returns (uint256) {
        return toWord(fromWad(value, fractionBits));
    }

    /*------------------------------------------------------------*/
    /* Tensors                                                    */
    /*------------------------------------------------------------*/

    /// @notice The real numbers that consecutive public values stand for.
    /// @param instances The public values.
    /// @param first Index of the first of them.
    /// @param count How many.
    /// @param fractionBits Fraction bits of the tensor.
    /// @return values The numbers, in their order.
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

    /// @notice The signed integers that consecutive public values stand for.
    /// @param instances The public values.
    /// @param first Index of the first of them.
    /// @param count How many.
    /// @param magnitudeBits Bound on each of them, as for `toInteger`.
    /// @return values The numbers, in their order.
    function integers(uint256[] calldata instances, uint256 first, uint256 count, uint256 magnitudeBits)
        internal
        pure
        returns (int256[] memory values)
    {
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = toInteger(instances[first + i], magnitudeBits);
        }
    }

    /// @notice Index of the largest of the decoded values, the first one if several are.
    /// @param values At least one number.
    /// @return index The index.
    function argmax(Wad[] memory values) internal pure returns (uint256 index) {
        if (values.length == 0) revert NothingToCompare();
        for (uint256 i = 1; i < values.length; ++i) {
            if (values[i] > values[index]) index = i;
        }
    }

    /// @notice Index of the largest of `count` public values from `first` on, counted from `first`;
    /// the first one if several are. All of one tensor, so that their scale does not matter: this
    /// costs less than decoding them.
    /// @param instances The public values.
    /// @param first Index of the first of them.
    /// @param count How many, at least one.
    /// @return index The index.
    function argmax(uint256[] calldata instances, uint256 first, uint256 count) internal pure returns (uint256 index) {
        if (count == 0) revert NothingToCompare();
        int256 largest = toInteger(instances[first], MAX_MAGNITUDE_BITS);
        for (uint256 i = 1; i < count; ++i) {
            int256 value = toInteger(instances[first + i], MAX_MAGNITUDE_BITS);
            if (value > largest) (largest, index) = (value, i);
        }
    }

    function _requireFractionBits(uint256 fractionBits) private pure {
        if (fractionBits > MAX_FRACTION_BITS) {
            revert TooManyFractionBits(fractionBits, MAX_FRACTION_BITS);
        }
    }
}
