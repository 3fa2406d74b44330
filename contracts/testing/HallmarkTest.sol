// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {Vm} from "./Vm.sol";

/// @title Test base without dependencies
/// @notice Assertions and cheat codes for `forge test`: a contract whose functions start with `test`
/// needs nothing else. It lives happily beside forge-std.
abstract contract HallmarkTest {
    /// @dev Where forge answers cheat codes.
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice Two values that should be equal are not.
    error NotEqual(string what, bytes32 found, bytes32 expected);

    /// @notice Two texts or byte strings that should be equal are not.
    error NotEqualBytes(string what, bytes found, bytes expected);

    /// @notice Something that should hold does not.
    error DoesNotHold(string what);

    function assertThat(bool condition, string memory what) internal pure {
        if (!condition) revert DoesNotHold(what);
    }

    function assertEqual(bytes32 found, bytes32 expected, string memory what) internal pure {
        if (found != expected) revert NotEqual(what, found, expected);
    }

    function assertEqual(uint256 found, uint256 expected, string memory what) internal pure {
        if (found != expected) revert NotEqual(what, bytes32(found), bytes32(expected));
    }

    function assertEqual(int256 found, int256 expected, string memory what) internal pure {
        // forge-lint: disable-next-line(unsafe-typecast)
        assertEqual(uint256(found), uint256(expected), what);
    }

    function assertEqual(address found, address expected, string memory what) internal pure {
        assertEqual(uint256(uint160(found)), uint256(uint160(expected)), what);
    }

    function assertEqual(bytes memory found, bytes memory expected, string memory what) internal pure {
        if (keccak256(found) != keccak256(expected)) revert NotEqualBytes(what, found, expected);
    }

    /// @dev A value between two bounds, both included, from any fuzzed value.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        assertThat(low <= high, "bounds in order");
        uint256 span = high - low;
        return span == type(uint256).max ? value : low + value % (span + 1);
    }
}
