// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "../generated/src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../generated/src/Verifier.sol";
import {InferenceFixture} from "../generated/test/fixtures/InferenceFixture.sol";
import {BoundProofSuite} from "./BoundProof.t.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";

/// @dev With a real circuit's proof and its generated verifier.
contract RealBoundProofTest is BoundProofSuite {
    function fixture() internal override returns (Fixture memory real) {
        real.verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        real.codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        real.verifyingKeyId = ModelInfo.VERIFYING_KEY_ID;
        real.srsId = ModelInfo.SRS_ID;
        real.proof = InferenceFixture.proof();
        real.instances = InferenceFixture.instances();
        real.context = Context(
            InferenceFixture.CHAIN_ID,
            InferenceFixture.CONSUMER,
            InferenceFixture.ACCOUNT,
            InferenceFixture.NONCE,
            InferenceFixture.DEADLINE
        );
    }
}
