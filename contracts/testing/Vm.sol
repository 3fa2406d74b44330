// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title The cheat codes that Hallmark's tests and scripts use
/// @notice A small part of forge's own, so that a generated project has no dependency to fetch.
interface Vm {
    /// @dev The next call comes from `sender`.
    function prank(address sender) external;

    /// @dev Sets the chain id.
    function chainId(uint256 id) external;

    /// @dev The next call must revert, with whatever reason.
    function expectRevert() external;

    /// @dev The next call must revert with exactly these bytes.
    function expectRevert(bytes calldata reason) external;

    /// @dev The next call must revert with an error of this selector, whatever its fields.
    function expectPartialRevert(bytes4 selector) external;

    /// @dev The next call must emit the event that the test emits right after this.
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;

    /// @dev Puts code at an address.
    function etch(address target, bytes calldata code) external;

    /// @dev Discards the fuzz case unless `condition` holds.
    function assume(bool condition) external pure;

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, address fallbackValue) external view returns (address);

    /// @dev From here on, calls and deployments are transactions to send.
    function startBroadcast() external;

    /// @dev Ends what `startBroadcast` began.
    function stopBroadcast() external;
}
