// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {InferenceFixture} from "./fixtures/InferenceFixture.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";

/// @dev The stored proof against a verifier that is deployed. Skipped unless both are set:
/// HALLMARK_RPC_URL=<URL> HALLMARK_VERIFIER=<address> forge test --match-contract DeployedTest
contract DeployedTest is HallmarkTest {
    IInferenceVerifier private verifier;

    function setUp() public {
        string memory url = vm.envOr("HALLMARK_RPC_URL", string(""));
        verifier = IInferenceVerifier(vm.envOr("HALLMARK_VERIFIER", address(0)));
        vm.skip(bytes(url).length == 0 || address(verifier) == address(0));
        vm.createSelectFork(url);
    }

    function test_ItIsTheCodeOfThisRepository() public view {
        bytes32 built = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        assertEqual(address(verifier).codehash, built, "the code hash");
        assertEqual(verifier.VERIFYING_KEY_ID(), ModelInfo.VERIFYING_KEY_ID, "the verifying key");
        assertEqual(verifier.SRS_ID(), ModelInfo.SRS_ID, "the SRS");
    }

    function test_ItTakesTheProof() public view {
        assertInference(verifier, InferenceFixture.proof(), InferenceFixture.instances());
    }

    function testFuzz_ItRefusesAnyFlippedBit(uint256 seed) public view {
        bytes memory proof = InferenceFixture.proof();
        uint256 bit = bound(seed, 0, 8 * proof.length - 1);
        assertBadProof(verifier, ProofMutations.flipBit(proof, bit), InferenceFixture.instances());
    }
}
