// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title Where consumers look up the current version of a model
/// @notice See `ModelRegistry` for who may change what, and how fast.
interface IModelRegistry {
    /// @notice A version of a model: a deployed verifier and what it must be.
    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code.
    /// @param verifyingKeyId Hash of its verifying key: commits to the circuit, hence to the model.
    /// @param srsId Identity of the structured reference string behind that key.
    /// @param outputsId How its outputs are to be read, `ModelInfo.OUTPUTS_ID` of the build: their shapes
    /// and fraction bits. No verifier knows it; consumers refuse what they would misread.
    /// @param metadataHash Hash of a document about the model; where to find it is in the event.
    struct Version {
        address verifier;
        bytes32 codeHash;
        bytes32 verifyingKeyId;
        bytes32 srsId;
        bytes32 outputsId;
        bytes32 metadataHash;
    }

    /// @notice No model has this id.
    error UnknownModel(bytes32 modelId);

    /// @notice The model was stopped, for ever.
    error ModelStopped(bytes32 modelId);

    /// @notice The model's current version was removed, for ever, and none has taken its place.
    error VersionTombstoned(bytes32 modelId, uint256 number);

    /// @notice The version of a model that proofs are checked against now.
    /// @dev Reverts with `UnknownModel`, `ModelStopped` or `VersionTombstoned` if there is none: an
    /// answer is always a version that may be used. Consumers compare the code hash with the code
    /// that they call.
    /// @param modelId The model.
    /// @return number Its number, counted from 1.
    /// @return version The version.
    function current(bytes32 modelId) external view returns (uint256 number, Version memory version);
}
