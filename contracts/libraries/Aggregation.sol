// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {Wad} from "../types/Wad.sol";

/// @title Many numbers as one
/// @notice Mean, median and weighted mean of signed numbers. All are exact but for one rounding at the
/// end, towards minus infinity as everywhere in this library; none overflows on the way, so that every
/// result that can be represented is returned. Order does not matter.
/// @dev Which to choose: a mean moves with each of its values, and one wild value moves it as far as it
/// likes. A median of an odd number `n` of values lies among the true ones as long as fewer than half of
/// them are wild.
library Aggregation {
    /// @notice Weighted values must be below this in magnitude: far above any output of a model, which
    /// is below 2^187 as a `Wad`.
    int256 internal constant WEIGHTED_LIMIT = 2 ** 191;

    /// @notice Nothing has no mean and no median.
    error NothingToAggregate();

    /// @notice Not one weight for each value.
    error WrongWeightCount(uint256 weights, uint256 values);

    /// @notice All weights are zero.
    error NoWeight();

    /// @notice The value is too large to be weighted.
    error ValueTooLarge(int256 value, int256 limit);

    /*------------------------------------------------------------*/
    /* Mean                                                       */
    /*------------------------------------------------------------*/

    /// @notice The sum over the count, rounded towards minus infinity.
    /// @param values At least one number; any will do, up to the extremes of the type.
    function mean(int256[] memory values) internal pure returns (int256) {
        if (values.length == 0) revert NothingToAggregate();
        // A length in memory is far below 2^127.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 count = int256(values.length);
        int256 quotients = 0;
        int256 remainders = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            // Both are rounded towards zero, so that partial sums of quotients never leave the range of
            // the type: there are `count` of them, each at most a `count`-th of an extreme.
            quotients += values[i] / count;
            remainders += values[i] % count;
        }
        return quotients + _divideDown(remainders, count);
    }

    /// @notice The sum over the count, rounded towards minus infinity.
    /// @param values At least one number.
    function mean(Wad[] memory values) internal pure returns (Wad) {
        return Wad.wrap(mean(_unwrapped(values)));
    }

    /*------------------------------------------------------------*/
    /* Median                                                     */
    /*------------------------------------------------------------*/

    /// @notice The number in the middle; of an even count, the mean of the two in the middle, rounded
    /// towards minus infinity.
    /// @dev Sorts a copy by insertion: for the few members of an ensemble, not for long lists.
    /// @param values At least one number. They are left as they are.
    function median(int256[] memory values) internal pure returns (int256) {
        if (values.length == 0) revert NothingToAggregate();
        int256[] memory sorted = _sorted(values);
        uint256 middle = sorted.length / 2;
        if (sorted.length % 2 == 1) return sorted[middle];
        (int256 low, int256 high) = (sorted[middle - 1], sorted[middle]);
        // The bits that both have, and half of those that one has: low + high without its overflow. The
        // shift rounds down.
        return (low & high) + ((low ^ high) >> 1);
    }

    /// @notice The number in the middle; of an even count, the mean of the two in the middle, rounded
    /// towards minus infinity.
    /// @param values At least one number. They are left as they are.
    function median(Wad[] memory values) internal pure returns (Wad) {
        return Wad.wrap(median(_unwrapped(values)));
    }

    /*------------------------------------------------------------*/
    /* Weighted mean                                              */
    /*------------------------------------------------------------*/

    /// @notice The sum of values times weights over the sum of weights, rounded towards minus infinity.
    /// @param values At least one number, each below `WEIGHTED_LIMIT` in magnitude.
    /// @param weights One for each value; at least one is not zero.
    function weightedMean(int256[] memory values, uint32[] memory weights) internal pure returns (int256) {
        if (values.length == 0) revert NothingToAggregate();
        if (weights.length != values.length) revert WrongWeightCount(weights.length, values.length);
        // Below 2^223 each, so that more of them than fit in memory cannot overflow.
        int256 sum = 0;
        uint256 total = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            int256 value = values[i];
            if (value <= -WEIGHTED_LIMIT || value >= WEIGHTED_LIMIT) revert ValueTooLarge(value, WEIGHTED_LIMIT);
            sum += value * int256(uint256(weights[i]));
            total += weights[i];
        }
        if (total == 0) revert NoWeight();
        // A sum of numbers of 32 bits, not more of them than fit in memory.
        // forge-lint: disable-next-line(unsafe-typecast)
        return _divideDown(sum, int256(total));
    }

    /// @notice The sum of values times weights over the sum of weights, rounded towards minus infinity.
    /// @param values At least one number, each below `WEIGHTED_LIMIT` in magnitude.
    /// @param weights One for each value; at least one is not zero.
    function weightedMean(Wad[] memory values, uint32[] memory weights) internal pure returns (Wad) {
        return Wad.wrap(weightedMean(_unwrapped(values), weights));
    }

    /*------------------------------------------------------------*/
    /* Details                                                    */
    /*------------------------------------------------------------*/

    function _sorted(int256[] memory values) private pure returns (int256[] memory sorted) {
        sorted = new int256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            int256 value = values[i];
            uint256 place = i;
            for (; place != 0 && sorted[place - 1] > value; --place) {
                sorted[place] = sorted[place - 1];
            }
            sorted[place] = value;
        }
    }

    /// @dev Towards minus infinity; the divisor is positive.
    function _divideDown(int256 dividend, int256 divisor) private pure returns (int256 quotient) {
        quotient = dividend / divisor;
        // Division rounds towards zero, which for a negative number is upwards.
        if (dividend < 0 && dividend % divisor != 0) --quotient;
    }

    function _unwrapped(Wad[] memory values) private pure returns (int256[] memory unwrapped) {
        unwrapped = new int256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            unwrapped[i] = Wad.unwrap(values[i]);
        }
    }
}
