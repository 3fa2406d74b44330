// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {Aggregation} from "hallmark/libraries/Aggregation.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {Wad} from "hallmark/types/Wad.sol";

contract AggregationTest is HallmarkTest {
    int256 private constant LOWEST = type(int256).min;
    int256 private constant HIGHEST = type(int256).max;

    // External, so that a revert can be expected.

    function mean(int256[] calldata values) external pure returns (int256) {
        return Aggregation.mean(values);
    }

    function median(int256[] calldata values) external pure returns (int256) {
        return Aggregation.median(values);
    }

    function weightedMean(int256[] calldata values, uint32[] calldata weights) external pure returns (int256) {
        return Aggregation.weightedMean(values, weights);
    }

    /*------------------------------------------------------------*/
    /* Helpers                                                    */
    /*------------------------------------------------------------*/

    function three(int256 a, int256 b, int256 c) private pure returns (int256[] memory values) {
        values = new int256[](3);
        (values[0], values[1], values[2]) = (a, b, c);
    }

    function two(int256 a, int256 b) private pure returns (int256[] memory values) {
        values = new int256[](2);
        (values[0], values[1]) = (a, b);
    }

    /// @dev At least one value and at most 17, so small that sums are plain.
    function small(int256[] memory seeds) private pure returns (int256[] memory values) {
        uint256 count = 1 + seeds.length % 17;
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) {
            values[i] = seeds.length == 0 ? int256(0) : seeds[i % seeds.length] % 2 ** 200;
        }
    }

    function any(int256[] memory seeds) private pure returns (int256[] memory values) {
        uint256 count = 1 + seeds.length % 17;
        values = new int256[](count);
        for (uint256 i = 0; i < count; ++i) {
            // Extremes are more telling than what is drawn at random.
            int256 seed = seeds.length == 0 ? HIGHEST : seeds[i % seeds.length];
            values[i] = seed % 5 == 0 ? LOWEST : seed % 5 == 1 ? HIGHEST : seed;
        }
    }

    function wads(int256[] memory values) private pure returns (Wad[] memory made) {
        made = new Wad[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            made[i] = Wad.wrap(values[i]);
        }
    }

    function shuffled(int256[] memory values, uint256 seed) private pure returns (int256[] memory mixed) {
        mixed = new int256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            mixed[i] = values[i];
        }
        for (uint256 i = values.length - 1; i != 0; --i) {
            uint256 other = uint256(keccak256(abi.encode(seed, i))) % (i + 1);
            (mixed[i], mixed[other]) = (mixed[other], mixed[i]);
        }
    }

    function extremes(int256[] memory values) private pure returns (int256 lowest, int256 highest) {
        (lowest, highest) = (values[0], values[0]);
        for (uint256 i = 1; i < values.length; ++i) {
            if (values[i] < lowest) lowest = values[i];
            if (values[i] > highest) highest = values[i];
        }
    }

    /// @dev Whether `quotient` is `sum / count`, rounded down.
    function assertQuotient(int256 quotient, int256 sum, int256 count) private pure {
        assertThat(quotient * count <= sum, "not above");
        assertThat(sum < (quotient + 1) * count, "nor one below");
    }

    /*------------------------------------------------------------*/
    /* Mean                                                       */
    /*------------------------------------------------------------*/

    function test_MeanOfExamples() public pure {
        assertEqual(Aggregation.mean(three(1, 2, 6)), int256(3), "exact");
        assertEqual(Aggregation.mean(three(1, 1, 6)), int256(2), "8 / 3 is rounded down");
        assertEqual(Aggregation.mean(three(-1, -1, -6)), int256(-3), "-8 / 3 too");
        assertEqual(Aggregation.mean(two(-1, 0)), int256(-1), "-1 / 2 too");
        assertEqual(Aggregation.mean(two(3, -3)), int256(0), "opposites");
        assertEqual(Aggregation.mean(new int256[](1)), int256(0), "one value");
    }

    function test_MeanOfExtremes() public pure {
        assertEqual(Aggregation.mean(three(LOWEST, LOWEST, LOWEST)), LOWEST, "lowest");
        assertEqual(Aggregation.mean(three(HIGHEST, HIGHEST, HIGHEST)), HIGHEST, "highest");
        assertEqual(Aggregation.mean(two(LOWEST, HIGHEST)), int256(-1), "both: -1 / 2 is rounded down");
        assertEqual(Aggregation.mean(three(LOWEST, HIGHEST, 1)), int256(0), "and one");
        assertEqual(Aggregation.mean(two(HIGHEST, HIGHEST - 1)), HIGHEST - 1, "one below");
        assertEqual(Aggregation.mean(two(LOWEST, LOWEST + 1)), LOWEST, "one above");
    }

    function testFuzz_MeanIsTheSumOverTheCount(int256[] memory seeds) public pure {
        int256[] memory values = small(seeds);
        int256 sum = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            sum += values[i];
        }
        // 17 at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        assertQuotient(Aggregation.mean(values), sum, int256(values.length));
    }

    function testFuzz_MeanNeverOverflows(int256[] memory seeds, uint256 order) public pure {
        int256[] memory values = any(seeds);
        int256 mean_ = Aggregation.mean(values);
        (int256 lowest, int256 highest) = extremes(values);
        assertThat(mean_ >= lowest && mean_ <= highest, "among the values");
        assertEqual(Aggregation.mean(shuffled(values, order)), mean_, "in any order");
    }

    /*------------------------------------------------------------*/
    /* Median                                                     */
    /*------------------------------------------------------------*/

    function test_MedianOfExamples() public pure {
        assertEqual(Aggregation.median(three(9, 2, 4)), int256(4), "the one in the middle");
        assertEqual(Aggregation.median(three(2, 2, 4)), int256(2), "of equal ones");
        assertEqual(Aggregation.median(two(1, 4)), int256(2), "5 / 2 is rounded down");
        assertEqual(Aggregation.median(two(-1, -4)), int256(-3), "-5 / 2 too");
        assertEqual(Aggregation.median(two(-1, 0)), int256(-1), "-1 / 2 too");
        assertEqual(Aggregation.median(two(LOWEST, HIGHEST)), int256(-1), "of the extremes");
        assertEqual(Aggregation.median(two(HIGHEST, HIGHEST)), HIGHEST, "twice the highest");
        assertEqual(Aggregation.median(two(LOWEST, LOWEST)), LOWEST, "twice the lowest");
    }

    /// @dev Counted, rather than sorted.
    function testFuzz_HalfOfTheValuesAreOnEitherSide(int256[] memory seeds, uint256 order) public pure {
        int256[] memory values = any(seeds);
        bytes32 before = keccak256(abi.encode(values));
        int256 median_ = Aggregation.median(values);
        uint256 below = 0;
        uint256 above = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            if (values[i] < median_) ++below;
            if (values[i] > median_) ++above;
        }
        assertThat(2 * below <= values.length && 2 * above <= values.length, "in the middle");
        if (values.length % 2 == 1) assertThat(below + above < values.length, "one of the values");
        assertEqual(Aggregation.median(shuffled(values, order)), median_, "in any order");
        assertEqual(keccak256(abi.encode(values)), before, "the values stay as they are");
    }

    function testFuzz_MedianOfTwoIsTheirMean(int256 a, int256 b) public pure {
        assertEqual(Aggregation.median(two(a, b)), Aggregation.mean(two(a, b)), "two ways to the same number");
    }

    /// @dev What a median is for.
    function testFuzz_OneOfThreeCannotMoveTheMedianBeyondTheOthers(int256 a, int256 b, int256 wild) public pure {
        int256 median_ = Aggregation.median(three(a, wild, b));
        assertThat(median_ >= (a < b ? a : b) && median_ <= (a < b ? b : a), "between the two others");
    }

    /*------------------------------------------------------------*/
    /* Weighted mean                                              */
    /*------------------------------------------------------------*/

    function test_WeightedMeanOfExamples() public pure {
        uint32[] memory weights = new uint32[](3);
        (weights[0], weights[1], weights[2]) = (1, 0, 3);
        assertEqual(Aggregation.weightedMean(three(4, 1e30, 8), weights), int256(7), "28 / 4");
        assertEqual(Aggregation.weightedMean(three(-4, 1e30, -9), weights), int256(-8), "-31 / 4 is rounded down");
    }

    function testFuzz_EqualWeightsGiveTheMean(int256[] memory seeds, uint32 weight) public pure {
        int256[] memory values = small(seeds);
        uint32[] memory weights = new uint32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] %= Aggregation.WEIGHTED_LIMIT;
            weights[i] = weight == 0 ? 1 : weight;
        }
        assertEqual(Aggregation.weightedMean(values, weights), Aggregation.mean(values), "the plain mean");
    }

    function testFuzz_WeightedMeanIsTheSumOverTheWeights(int256[] memory seeds, uint32[17] memory some) public pure {
        int256[] memory values = small(seeds);
        uint32[] memory weights = new uint32[](values.length);
        int256 sum = 0;
        int256 total = 0;
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] %= Aggregation.WEIGHTED_LIMIT;
            weights[i] = some[i];
            sum += values[i] * int256(uint256(some[i]));
            total += int256(uint256(some[i]));
        }
        vm.assume(total != 0);
        assertQuotient(Aggregation.weightedMean(values, weights), sum, total);
    }

    function test_WeightsAtTheLimit() public {
        uint32[] memory weights = new uint32[](2);
        (weights[0], weights[1]) = (type(uint32).max, type(uint32).max);
        int256 limit = Aggregation.WEIGHTED_LIMIT;
        assertEqual(Aggregation.weightedMean(two(limit - 1, limit - 1), weights), limit - 1, "largest");
        assertEqual(Aggregation.weightedMean(two(1 - limit, 1 - limit), weights), 1 - limit, "smallest");
        vm.expectRevert(abi.encodeWithSelector(Aggregation.ValueTooLarge.selector, limit, limit));
        this.weightedMean(two(0, limit), weights);
        vm.expectRevert(abi.encodeWithSelector(Aggregation.ValueTooLarge.selector, -limit, limit));
        this.weightedMean(two(-limit, 0), weights);
    }

    /*------------------------------------------------------------*/
    /* Refusals                                                   */
    /*------------------------------------------------------------*/

    function test_RevertWhen_ThereIsNothing() public {
        int256[] memory nothing = new int256[](0);
        vm.expectRevert(Aggregation.NothingToAggregate.selector);
        this.mean(nothing);
        vm.expectRevert(Aggregation.NothingToAggregate.selector);
        this.median(nothing);
        vm.expectRevert(Aggregation.NothingToAggregate.selector);
        this.weightedMean(nothing, new uint32[](0));
    }

    function test_RevertWhen_WeightsDoNotFit() public {
        vm.expectRevert(abi.encodeWithSelector(Aggregation.WrongWeightCount.selector, 1, 2));
        this.weightedMean(two(1, 2), new uint32[](1));
        vm.expectRevert(Aggregation.NoWeight.selector);
        this.weightedMean(two(1, 2), new uint32[](2));
    }

    function testFuzz_WadsAreTheSameNumbers(int256[] memory seeds) public pure {
        int256[] memory values = small(seeds);
        uint32[] memory weights = new uint32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            values[i] %= Aggregation.WEIGHTED_LIMIT;
            // At most 16.
            // forge-lint: disable-next-line(unsafe-typecast)
            weights[i] = uint32(1 + i);
        }
        assertEqual(Wad.unwrap(Aggregation.mean(wads(values))), Aggregation.mean(values), "mean");
        assertEqual(Wad.unwrap(Aggregation.median(wads(values))), Aggregation.median(values), "median");
        assertEqual(
            Wad.unwrap(Aggregation.weightedMean(wads(values), weights)),
            Aggregation.weightedMean(values, weights),
            "weighted mean"
        );
    }
}
