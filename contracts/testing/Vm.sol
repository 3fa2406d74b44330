// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title The cheat codes that Hallmark's tests and scripts use
/// @notice A part of forge's own, so that a generated project has no dependency to fetch. Signatures
/// are those of forge; mutability too, except where a cheat code only reads.
interface Vm {
    /// @dev A recorded event.
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    /// @dev What an access of an account was: a call of some sort, a creation, or a look at it.
    enum AccountAccessKind {
        Call,
        DelegateCall,
        CallCode,
        StaticCall,
        Create,
        SelfDestruct,
        Resume,
        Balance,
        Extcodesize,
        Extcodehash,
        Extcodecopy
    }

    /// @dev A chain, and the number of its fork here.
    struct ChainInfo {
        uint256 forkId;
        uint256 chainId;
    }

    /// @dev An access of a storage slot.
    struct StorageAccess {
        address account;
        bytes32 slot;
        bool isWrite;
        bytes32 previousValue;
        bytes32 newValue;
        bool reverted;
    }

    /// @dev An access of an account, with those of storage during it.
    struct AccountAccess {
        ChainInfo chainInfo;
        AccountAccessKind kind;
        address account;
        address accessor;
        bool initialized;
        uint256 oldBalance;
        uint256 newBalance;
        bytes deployedCode;
        uint256 value;
        bytes data;
        bool reverted;
        StorageAccess[] storageAccesses;
        uint64 depth;
        uint64 oldNonce;
        uint64 newNonce;
    }

    /*------------------------------------------------------------*/
    /* Chain and callers                                          */
    /*------------------------------------------------------------*/

    /// @dev Sets the timestamp.
    function warp(uint256 timestamp) external;

    /// @dev Sets the block number.
    function roll(uint256 number) external;

    /// @dev Sets the chain id, at most 2^64 - 1.
    function chainId(uint256 id) external;

    /// @dev The next call comes from `sender`.
    function prank(address sender) external;

    /// @dev The next call comes from `sender`, in a transaction of `origin`.
    function prank(address sender, address origin) external;

    /// @dev All calls come from `sender` until `stopPrank`.
    function startPrank(address sender) external;

    /// @dev Ends what `startPrank` began.
    function stopPrank() external;

    /// @dev Sets the balance of an account.
    function deal(address account, uint256 balance) external;

    /// @dev Names an address in traces.
    function label(address account, string calldata name) external;

    /*------------------------------------------------------------*/
    /* State                                                      */
    /*------------------------------------------------------------*/

    /// @dev Puts code at an address.
    function etch(address target, bytes calldata code) external;

    /// @dev A storage slot.
    function load(address target, bytes32 slot) external view returns (bytes32);

    /// @dev Sets a storage slot.
    function store(address target, bytes32 slot, bytes32 value) external;

    /// @dev The nonce of an account.
    function getNonce(address account) external view returns (uint64);

    /// @dev Sets the nonce of an account, which can only grow.
    function setNonce(address account, uint64 nonce) external;

    /// @dev Starts recording which accounts and slots are accessed.
    function startStateDiffRecording() external;

    /// @dev What was accessed since.
    function stopAndReturnStateDiff() external returns (AccountAccess[] memory);

    /// @dev Remembers the whole state.
    function snapshotState() external returns (uint256 snapshot);

    /// @dev Goes back to a remembered state; false if there is none of this number.
    function revertToState(uint256 snapshot) external returns (bool);

    /// @dev The state of a real chain, at its latest block, becomes the state here.
    function createSelectFork(string calldata urlOrAlias) external returns (uint256 fork);

    /// @dev The state of a real chain at a block becomes the state here.
    function createSelectFork(string calldata urlOrAlias, uint256 blockNumber) external returns (uint256 fork);

    /*------------------------------------------------------------*/
    /* Expectations                                               */
    /*------------------------------------------------------------*/

    /// @dev The next call must revert, with whatever reason.
    function expectRevert() external;

    /// @dev The next call must revert with exactly this selector and no fields.
    function expectRevert(bytes4 selector) external;

    /// @dev The next call must revert with exactly these bytes.
    function expectRevert(bytes calldata reason) external;

    /// @dev The next call must revert with exactly this selector, thrown by `reverter`.
    function expectRevert(bytes4 selector, address reverter) external;

    /// @dev The next call must revert with exactly these bytes, thrown by `reverter`.
    function expectRevert(bytes calldata reason, address reverter) external;

    /// @dev The next call must revert with an error of this selector, whatever its fields.
    function expectPartialRevert(bytes4 selector) external;

    /// @dev The next call must emit the event that the test emits right after this.
    function expectEmit() external;

    /// @dev The same, and `emitter` must emit it.
    function expectEmit(address emitter) external;

    /// @dev The same, comparing only the chosen parts.
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data, address emitter) external;

    /// @dev The next calls must include one to `callee` that starts with `data`.
    function expectCall(address callee, bytes calldata data) external;

    /// @dev Starts recording events.
    function recordLogs() external;

    /// @dev The events recorded, which are forgotten.
    function getRecordedLogs() external returns (Log[] memory);

    /*------------------------------------------------------------*/
    /* Running tests                                              */
    /*------------------------------------------------------------*/

    /// @dev Discards the fuzz case unless `condition` holds.
    function assume(bool condition) external pure;

    /// @dev Leaves a test out, which is then reported as skipped.
    function skip(bool condition) external;

    /*------------------------------------------------------------*/
    /* Environment and files                                      */
    /*------------------------------------------------------------*/

    /// @dev Value of an environment variable; reverts if there is none.
    function envAddress(string calldata name) external view returns (address);

    /// @dev Value of an environment variable; reverts if there is none.
    function envUint(string calldata name) external view returns (uint256);

    /// @dev Value of an environment variable; reverts if there is none.
    function envBytes32(string calldata name) external view returns (bytes32);

    /// @dev Value of an environment variable; reverts if there is none.
    function envString(string calldata name) external view returns (string memory);

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, bool fallbackValue) external view returns (bool);

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, uint256 fallbackValue) external view returns (uint256);

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, address fallbackValue) external view returns (address);

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, bytes32 fallbackValue) external view returns (bytes32);

    /// @dev Value of an environment variable, or `fallbackValue`.
    function envOr(string calldata name, string calldata fallbackValue) external view returns (string memory);

    /// @dev Whether a path exists, relative to the project.
    function exists(string calldata path) external view returns (bool);

    /// @dev A text file, relative to the project. Needs `fs_permissions` in foundry.toml.
    function readFile(string calldata path) external view returns (string memory);

    /// @dev Writes a text file, relative to the project. Needs `fs_permissions` in foundry.toml.
    function writeFile(string calldata path, string calldata data) external;

    /// @dev Removes a file, relative to the project. Needs `fs_permissions` in foundry.toml.
    function removeFile(string calldata path) external;

    /// @dev Runs a program in the project's directory and returns what it writes to stdout, decoded
    /// if it is hex. Reverts if the program fails. Needs `ffi = true` in foundry.toml.
    function ffi(string[] calldata command) external returns (bytes memory);

    /*------------------------------------------------------------*/
    /* Text                                                       */
    /*------------------------------------------------------------*/

    /// @dev Bytes at a path in a JSON text, written in hex there.
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);

    /// @dev Words at a path in a JSON text, written in hex there.
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);

    /// @dev Numbers at a path in a JSON text, in decimal or hex.
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);

    /// @dev An address as text, with its checksum.
    function toString(address value) external pure returns (string memory);

    /// @dev Bytes as text, in hex.
    function toString(bytes calldata value) external pure returns (string memory);

    /// @dev A word as text, in hex.
    function toString(bytes32 value) external pure returns (string memory);

    /// @dev A number as text, in decimal.
    function toString(uint256 value) external pure returns (string memory);

    /// @dev A number as text, in decimal.
    function toString(int256 value) external pure returns (string memory);

    /*------------------------------------------------------------*/
    /* Deployment                                                 */
    /*------------------------------------------------------------*/

    /// @dev From here on, calls and deployments are transactions to send.
    function startBroadcast() external;

    /// @dev Ends what `startBroadcast` began.
    function stopBroadcast() external;
}
