// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "./ModelInfo.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {FixedPoint} from "hallmark/libraries/FixedPoint.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @title Acts on verified inferences of the model `credit_scorer`
/// @notice Records the latest outputs of every account. A proof names the account that it is for, and
/// anybody may send it: see `ConsumerBase` for why that is safe, and for `onlyAccount`.
contract ModelConsumer is InferenceConsumer {
    /// @notice How many inferences were recorded.
    uint256 public count;

    /// @notice Output of an account's latest inference.
    mapping(address account => Wad output) public latestOf;

    /// @notice An inference was verified and recorded.
    event InferenceRecorded(uint256 indexed number, address indexed account, Wad output);

    /// @notice The number of public values is not the model's.
    error WrongInstanceCount(uint256 found, uint256 expected);

    /// @param verifier The deployed verifier of this model.
    /// @param codeHash Hash of its runtime code, from the build.
    /// @param keyId `ModelInfo.VERIFYING_KEY_ID`.
    /// @param srsId `ModelInfo.SRS_ID`.
    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 keyId, bytes32 srsId)
        InferenceConsumer(verifier, codeHash, keyId, srsId)
    {}

    /// @notice Verifies an inference and records its output for the account that it is for.
    /// @param proof The proof.
    /// @param instances The public values: the context, then the outputs.
    /// @param account The account that the proof was made for. It need not be the sender.
    /// @param nonce The nonce that the proof was made with.
    /// @param deadline The deadline that the proof was made with.
    function submit(
        bytes calldata proof,
        uint256[] calldata instances,
        address account,
        uint256 nonce,
        uint256 deadline
    ) external {
        _accept(proof, instances, account, nonce, deadline);
        uint256 number = ++count;
        Wad[] memory values = output0(instances);
        latestOf[account] = values[0];
        emit InferenceRecorded(number, account, values[0]);
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
}
