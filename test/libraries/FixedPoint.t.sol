// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {FixedPoint} from "hallmark/libraries/FixedPoint.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {FIELD_MODULUS, NotCanonical} from "hallmark/types/FieldElement.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev Library functions are internal: reverts are expected of an external call.
contract FixedPointCaller {
    function toInteger(uint256 word, uint256 magnitudeBits) external pure returns (int256) {
        return FixedPoint.toInteger(word, magnitudeBits);
    }

    function toWord(int256 value) external pure returns (uint256) {
        return FixedPoint.toWord(value);
    }

    function toWad(int256 integer, uint256 fractionBits) external pure returns (int256) {
        return Wad.unwrap(FixedPoint.toWad(integer, fractionBits));
    }

    function decodeMany(uint256[] calldata instances, uint256 first, uint256 count, uint256 fractionBits)
        external
        pure
        returns (Wad[] memory)
    {
        return FixedPoint.decodeMany(instances, first, count, fractionBits);
    }

    function integers(uint256[] calldata instances, uint256 first, uint256 count, uint256 magnitudeBits)
        external
        pure
        returns (int256[] memory)
    {
        return FixedPoint.integers(instances, first, count, magnitudeBits);
    }

    function argmax(uint256[] calldata instances, uint256 first, uint256 count) external pure returns (uint256) {
        return FixedPoint.argmax(instances, first, count);
    }

    function argmax(Wad[] calldata values) external pure returns (uint256) {
        return FixedPoint.argmax(values);
    }

    function toUnsigned(uint256 word, uint256 bits) external pure returns (uint256) {
        return FixedPoint.toUnsigned(word, bits);
    }

    function toBoolean(uint256 word) external pure returns (bool) {
        return FixedPoint.toBoolean(word);
    }

    function toIndex(uint256 word, uint256 count) external pure returns (uint256) {
        return FixedPoint.toIndex(word, count);
    }

    function fromWad(Wad value, uint256 fractionBits) external pure returns (int256) {
        return FixedPoint.fromWad(value, fractionBits);
    }

    function encode(Wad value, uint256 fractionBits) external pure returns (uint256) {
        return FixedPoint.encode(value, fractionBits);
    }
}

contract FixedPointTest is HallmarkTest {
    uint256 private constant MODULUS = FIELD_MODULUS;
    FixedPointCaller private caller = new FixedPointCaller();

    function test_ModulusIsTheOrderOfBn254() public view {
        // The order times any point is the identity; the precompile at 7 multiplies.
        (bool success, bytes memory product) = address(7).staticcall(abi.encode(uint256(1), uint256(2), MODULUS));
        assertThat(success, "ecMul succeeds");
        assertEqual(product, abi.encode(uint256(0), uint256(0)), "order times generator");
    }

    function test_SignsAndEdges() public view {
        assertEqual(caller.toInteger(0, 127), 0, "zero");
        assertEqual(caller.toInteger(1, 127), 1, "one");
        assertEqual(caller.toInteger(MODULUS - 1, 127), -1, "minus one");
        assertEqual(caller.toInteger(2 ** 127 - 1, 127), 2 ** 127 - 1, "largest");
        assertEqual(caller.toInteger(MODULUS - (2 ** 127 - 1), 127), -(2 ** 127 - 1), "smallest");
        assertEqual(caller.toInteger(0, 0), 0, "zero bits hold zero");
    }

    function test_RevertWhen_NotCanonical() public {
        uint256[3] memory words = [MODULUS, MODULUS + 1, type(uint256).max];
        for (uint256 i = 0; i < words.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(NotCanonical.selector, words[i]));
            caller.toInteger(words[i], 127);
        }
    }

    function test_RevertWhen_MagnitudeTooLarge() public {
        uint256[4] memory words = [uint256(2 ** 127), MODULUS - 2 ** 127, MODULUS / 2, MODULUS / 2 + 1];
        for (uint256 i = 0; i < words.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(FixedPoint.MagnitudeTooLarge.selector, words[i], 127));
            caller.toInteger(words[i], 127);
        }
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.MagnitudeTooLarge.selector, 256, 8));
        caller.toInteger(256, 8);
    }

    function test_RevertWhen_MoreBitsAreAskedForThanASignedWordHolds() public {
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.MagnitudeTooLarge.selector, 1, 128));
        caller.toInteger(1, 128);
    }

    function test_RevertWhen_IntegerHasNoWord() public {
        vm.expectPartialRevert(FixedPoint.MagnitudeTooLarge.selector);
        caller.toWord(2 ** 127);
        vm.expectPartialRevert(FixedPoint.MagnitudeTooLarge.selector);
        caller.toWord(-(2 ** 127));
    }

    function test_WadRoundsDown() public view {
        assertEqual(caller.toWad(1, 1), 5e17, "1/2");
        assertEqual(caller.toWad(-1, 1), -5e17, "-1/2");
        assertEqual(caller.toWad(3, 18), 3e18 / 2 ** 18, "exact at 18 bits");
        assertEqual(caller.toWad(1, 120), 0, "below one unit");
        assertEqual(caller.toWad(-1, 120), -1, "below one unit, negative");
        assertEqual(caller.toWad(2 ** 127 - 1, 0), (2 ** 127 - 1) * 1e18, "largest");
    }

    function test_RevertWhen_TooManyFractionBits() public {
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.TooManyFractionBits.selector, 121, 120));
        caller.toWad(1, 121);
    }

    function test_DecodeManyReadsASlice() public view {
        uint256[] memory instances = new uint256[](4);
        instances[1] = 3;
        instances[2] = MODULUS - 3;
        Wad[] memory values = caller.decodeMany(instances, 1, 2, 1);
        assertEqual(values.length, 2, "count");
        assertEqual(Wad.unwrap(values[0]), 15e17, "3/2");
        assertEqual(Wad.unwrap(values[1]), -15e17, "-3/2");
    }

    function test_RevertWhen_TheSliceIsOutOfRange() public {
        uint256[] memory instances = new uint256[](2);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x32));
        caller.decodeMany(instances, 1, 2, 1);
    }

    function test_ArgmaxPrefersTheFirst() public pure {
        Wad[] memory values = new Wad[](4);
        values[0] = Wad.wrap(-1);
        values[1] = Wad.wrap(7);
        values[2] = Wad.wrap(7);
        assertEqual(FixedPoint.argmax(values), 1, "first of the largest");
    }

    function testFuzz_WordsAndIntegersAreInverse(int256 seed) public view {
        int256 value = seed % (2 ** 127);
        uint256 word = caller.toWord(value);
        assertThat(word < MODULUS, "canonical");
        assertEqual(caller.toInteger(word, 127), value, "round trip");
    }

    /// @dev Every 256-bit word is decoded to the one integer congruent to it, or refused.
    function testFuzz_EveryWordIsDecodedRightOrRefused(uint256 word, uint256 bits) public view {
        bits = bound(bits, 0, 127);
        try caller.toInteger(word, bits) returns (int256 value) {
            assertThat(word < MODULUS, "only canonical words");
            // forge-lint: disable-next-line(unsafe-typecast)
            assertThat(value < int256(2 ** bits) && value > -int256(2 ** bits), "within the bits");
            assertEqual(caller.toWord(value), word, "same word");
        } catch {
            uint256 magnitude = word > MODULUS / 2 && word < MODULUS ? MODULUS - word : word;
            assertThat(word >= MODULUS || magnitude >= 2 ** bits, "refused for a reason");
        }
    }

    function testFuzz_WadIsTheFloor(int256 seed, uint256 fractionBits) public view {
        int256 integer = seed % (2 ** 127);
        fractionBits = bound(fractionBits, 0, 120);
        int256 wad = caller.toWad(integer, fractionBits);
        // wad <= integer * 1e18 / 2^f < wad + 1, without division.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 scale = int256(2 ** fractionBits);
        assertThat(wad * scale <= integer * 1e18, "not above");
        assertThat(integer * 1e18 - wad * scale < scale, "less than one unit below");
    }

    function test_UnsignedValues() public {
        assertEqual(caller.toUnsigned(0, 0), 0, "zero");
        assertEqual(caller.toUnsigned(255, 8), 255, "largest of 8 bits");
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.NegativeInteger.selector, int256(-1)));
        caller.toUnsigned(MODULUS - 1, 8);
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.MagnitudeTooLarge.selector, 256, 8));
        caller.toUnsigned(256, 8);
    }

    function testFuzz_BooleansAreZeroOrOne(uint256 word) public {
        assertThat(!caller.toBoolean(0) && caller.toBoolean(1), "false and true");
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.NotABoolean.selector, 2));
        caller.toBoolean(2);
        vm.assume(word > 1 && word < MODULUS);
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.NotABoolean.selector, word));
        caller.toBoolean(word);
    }

    function testFuzz_IndicesAreBelowTheCount(uint256 word, uint256 count) public {
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.IndexOutOfRange.selector, 3, 3));
        caller.toIndex(3, 3);
        word = bound(word, 0, MODULUS - 1);
        if (word >= count) {
            vm.expectRevert(abi.encodeWithSelector(FixedPoint.IndexOutOfRange.selector, word, count));
        }
        uint256 index = caller.toIndex(word, count);
        if (word < count) assertEqual(index, word, "index");
    }

    /// @dev However an alias is read, it is refused as one: 1 + p is no boolean and no index.
    function testFuzz_RevertWhen_AnAliasIsReadAsAnything(uint256 word) public {
        word = bound(word, MODULUS, type(uint256).max);
        bytes memory reason = abi.encodeWithSelector(NotCanonical.selector, word);
        vm.expectRevert(reason);
        caller.toUnsigned(word, 127);
        vm.expectRevert(reason);
        caller.toBoolean(word);
        vm.expectRevert(reason);
        caller.toIndex(word, type(uint256).max);
        uint256[] memory instances = new uint256[](2);
        instances[1] = word;
        vm.expectRevert(reason);
        caller.integers(instances, 0, 2, 127);
        vm.expectRevert(reason);
        caller.argmax(instances, 0, 2);
    }

    function test_IntegersReadASlice() public view {
        uint256[] memory instances = new uint256[](3);
        instances[1] = 3;
        instances[2] = MODULUS - 3;
        int256[] memory values = caller.integers(instances, 1, 2, 2);
        assertEqual(values.length, 2, "count");
        assertEqual(values[0], 3, "positive");
        assertEqual(values[1], -3, "negative");
    }

    function test_RevertWhen_ThereIsNothingToCompare() public {
        vm.expectRevert(FixedPoint.NothingToCompare.selector);
        caller.argmax(new Wad[](0));
        vm.expectRevert(FixedPoint.NothingToCompare.selector);
        caller.argmax(new uint256[](3), 1, 0);
    }

    /// @dev Both forms agree, and nothing before the index is as large, nothing after it larger.
    function testFuzz_ArgmaxIsTheFirstOfTheLargest(int8[] calldata seeds, uint256 first) public view {
        if (seeds.length == 0) return;
        first = bound(first, 0, seeds.length - 1);
        uint256 count = seeds.length - first;
        uint256[] memory instances = new uint256[](seeds.length);
        Wad[] memory values = new Wad[](count);
        for (uint256 i = 0; i < seeds.length; ++i) {
            instances[i] = caller.toWord(seeds[i]);
            if (i >= first) values[i - first] = Wad.wrap(seeds[i]);
        }
        uint256 index = caller.argmax(instances, first, count);
        assertEqual(index, caller.argmax(values), "both forms");
        for (uint256 i = 0; i < count; ++i) {
            assertThat(i < index ? values[i] < values[index] : values[i] <= values[index], "largest, first");
        }
    }

    function test_FromWadRoundsDown() public view {
        assertEqual(caller.fromWad(Wad.wrap(5e17), 1), 1, "1/2");
        assertEqual(caller.fromWad(Wad.wrap(-5e17), 1), -1, "-1/2");
        assertEqual(caller.fromWad(Wad.wrap(5e17), 0), 0, "1/2 is above 0");
        assertEqual(caller.fromWad(Wad.wrap(-5e17), 0), -1, "-1/2 is above -1");
        assertEqual(caller.fromWad(Wad.wrap(-1e18), 0), -1, "-1 exactly");
        assertEqual(caller.encode(Wad.wrap(-1e18), 8), MODULUS - 256, "-1 with 8 fraction bits");
    }

    function test_RevertWhen_FromWadHasTooManyFractionBitsOrOverflows() public {
        vm.expectRevert(abi.encodeWithSelector(FixedPoint.TooManyFractionBits.selector, 121, 120));
        caller.fromWad(Wad.wrap(1), 121);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        caller.fromWad(Wad.wrap(type(int256).max), 1);
    }

    /// @dev Exact up to 18 fraction bits; beyond, decoding rounds down and encoding rounds down again.
    function testFuzz_WadsAndIntegersAreInverseWhereExact(int256 seed, uint256 fractionBits) public view {
        fractionBits = bound(fractionBits, 0, 18);
        int256 integer = seed % (2 ** 127);
        assertEqual(caller.fromWad(Wad.wrap(caller.toWad(integer, fractionBits)), fractionBits), integer, "inverse");
    }

    function testFuzz_FromWadIsTheFloor(int128 wad, uint256 fractionBits) public view {
        fractionBits = bound(fractionBits, 0, 120);
        // 2^247 at most.
        // forge-lint: disable-next-line(unsafe-typecast)
        int256 scaled = int256(wad) * int256(2 ** fractionBits);
        int256 integer = caller.fromWad(Wad.wrap(wad), fractionBits);
        assertThat(integer * 1e18 <= scaled, "not above");
        assertThat(scaled - integer * 1e18 < 1e18, "less than one below");
    }
}
