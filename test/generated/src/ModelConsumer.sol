// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "./ModelInfo.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {FixedPoint} from "hallmark/libraries/FixedPoint.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @title Acts on verified inferences of the model `credit_scorer`
/// @notice Records the outputs that one account submits with a proof. A proof does not name who may
/// use it, so this contract does: see `InferenceConsumer` for what that protects from.
contract ModelConsumer is InferenceConsumer {
    /// @notice The account whose inferences are recorded.
    address public immutable SUBMITTER;

    /// @notice How many inferences were recorded.
    uint256 public count;

    /// @notice Output of the latest inference.
    Wad public latest;

    /// @notice An inference was verified and recorded.
    event InferenceRecorded(uint256 indexed number, Wad output);

    /// @notice Somebody else's inference.
    error NotSubmitter(address caller, address submitter);

    /// @notice The number of public values is not the model's.
    error WrongInstanceCount(uint256 found, uint256 expected);

    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 keyId, bytes32 srsId, address submitter)
        InferenceConsumer(verifier, codeHash, keyId, srsId)
    {
        SUBMITTER = submitter;
    }

    /// @notice Verifies an inference and records its output.
    function submit(bytes calldata proof, uint256[] calldata instances) external {
        _accept(proof, instances);
        uint256 number = ++count;
        Wad[] memory values = output0(instances);
        latest = values[0];
        emit InferenceRecorded(number, values[0]);
    }

    /// @notice Output `score` as real numbers.
    function output0(uint256[] calldata instances) public pure returns (Wad[] memory) {
        if (instances.length != ModelInfo.INSTANCES) {
            revert WrongInstanceCount(instances.length, ModelInfo.INSTANCES);
        }
        return FixedPoint.decodeMany(
            instances, ModelInfo.OUTPUT_0_FIRST, ModelInfo.OUTPUT_0_COUNT, ModelInfo.OUTPUT_0_FRACTION_BITS
        );
    }

    /// @inheritdoc InferenceConsumer
    function _authorise(address caller, uint256[] calldata) internal view override {
        if (caller != SUBMITTER) revert NotSubmitter(caller, SUBMITTER);
    }
}
