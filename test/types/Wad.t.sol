// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {BoundsOutOfOrder, NegativeWad, Wad, WadOverflow, wadFromInt, wadFromUint} from "hallmark/types/Wad.sol";

/// @dev Free functions are internal: reverts are expected of an external call.
contract WadCaller {
    function fromInt(int256 integer) external pure returns (Wad) {
        return wadFromInt(integer);
    }

    function fromUint(uint256 integer) external pure returns (Wad) {
        return wadFromUint(integer);
    }

    function toUint(Wad value) external pure returns (uint256) {
        return value.toUint();
    }

    function absolute(Wad value) external pure returns (Wad) {
        return value.absolute();
    }

    function clamp(Wad value, Wad low, Wad high) external pure returns (Wad) {
        return value.clamp(low, high);
    }
}

contract WadTest is HallmarkTest {
    WadCaller private caller = new WadCaller();

    function testFuzz_OperatorsAreThoseOfIntegers(int128 a, int128 b) public pure {
        Wad x = Wad.wrap(a);
        Wad y = Wad.wrap(b);
        assertEqual(Wad.unwrap(x + y), int256(a) + b, "sum");
        assertEqual(Wad.unwrap(x - y), int256(a) - b, "difference");
        assertEqual(Wad.unwrap(-x), -int256(a), "opposite");
        assertThat((x < y) == (a < b) && (x <= y) == (a <= b), "less");
        assertThat((x > y) == (a > b) && (x >= y) == (a >= b), "greater");
        assertThat((x == y) == (a == b) && (x != y) == (a != b), "equal");
    }

    function add(Wad a, Wad b) external pure returns (Wad) {
        return a + b;
    }

    function test_RevertWhen_TheSumOverflows() public {
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.add(Wad.wrap(type(int256).max), Wad.wrap(1));
    }

    function test_ToIntRoundsDown() public pure {
        assertEqual(Wad.wrap(15e17).toInt(), 1, "1.5");
        assertEqual(Wad.wrap(-15e17).toInt(), -2, "-1.5");
        assertEqual(Wad.wrap(-1).toInt(), -1, "just below zero");
        assertEqual(Wad.wrap(-2e18).toInt(), -2, "-2 exactly");
        assertEqual(Wad.wrap(type(int256).min).toInt(), type(int256).min / 1e18 - 1, "smallest");
        assertEqual(Wad.wrap(15e17).toUint(), 1, "1.5, unsigned");
    }

    function testFuzz_IntegersSurvive(int256 seed) public pure {
        int256 integer = seed % (type(int256).max / 1e18);
        assertEqual(wadFromInt(integer).toInt(), integer, "signed");
        // Made positive on the line before.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 unsigned = uint256(integer < 0 ? -integer : integer);
        assertEqual(wadFromUint(unsigned).toUint(), unsigned, "unsigned");
    }

    function test_RevertWhen_AnIntegerIsTooLarge() public {
        uint256 largest = uint256(type(int256).max) / 1e18;
        caller.fromUint(largest);
        vm.expectRevert(abi.encodeWithSelector(WadOverflow.selector, largest + 1));
        caller.fromUint(largest + 1);
        vm.expectRevert(abi.encodeWithSelector(WadOverflow.selector, type(uint256).max));
        caller.fromUint(type(uint256).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        caller.fromInt(type(int256).max);
    }

    function testFuzz_RevertWhen_ANegativeNumberIsReadAsUnsigned(int256 value) public {
        vm.assume(value < 0);
        vm.expectRevert(abi.encodeWithSelector(NegativeWad.selector, value));
        caller.toUint(Wad.wrap(value));
    }

    function testFuzz_MinimumMaximumAbsolute(int256 a, int256 b) public pure {
        vm.assume(a != type(int256).min);
        assertEqual(Wad.unwrap(Wad.wrap(a).minimum(Wad.wrap(b))), a < b ? a : b, "minimum");
        assertEqual(Wad.unwrap(Wad.wrap(a).maximum(Wad.wrap(b))), a > b ? a : b, "maximum");
        assertEqual(Wad.unwrap(Wad.wrap(a).absolute()), a < 0 ? -a : a, "absolute");
        assertThat(Wad.wrap(a).isNegative() == (a < 0) && Wad.wrap(a).isZero() == (a == 0), "sign");
    }

    function test_RevertWhen_AbsoluteDoesNotExist() public {
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        caller.absolute(Wad.wrap(type(int256).min));
    }

    function testFuzz_ClampIsBetweenItsBounds(int256 value, int256 low, int256 high) public {
        if (low > high) {
            vm.expectRevert(abi.encodeWithSelector(BoundsOutOfOrder.selector, low, high));
        }
        int256 clamped = Wad.unwrap(caller.clamp(Wad.wrap(value), Wad.wrap(low), Wad.wrap(high)));
        if (low <= high) assertEqual(clamped, value < low ? low : value > high ? high : value, "nearest");
    }
}

