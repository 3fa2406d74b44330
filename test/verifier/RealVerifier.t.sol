// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "../generated/src/ModelInfo.sol";
import {ModelOutputs} from "../generated/src/ModelOutputs.sol";
import {DevOnlyHalo2Verifier} from "../generated/src/Verifier.sol";
import {InferenceFixture} from "../generated/test/fixtures/InferenceFixture.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {VerifierErrors} from "hallmark/testing/VerifierErrors.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev The test base against a generated verifier and a real proof: every mutation is refused, and
/// for the reason that the verifier's documentation gives.
contract RealVerifierTest is HallmarkTest {
    IInferenceVerifier private verifier;
    bytes private proof;
    uint256[] private instances;

    function setUp() public {
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        proof = InferenceFixture.proof();
        instances = InferenceFixture.instances();
    }

    function test_AcceptsTheProof() public view {
        assertInference(verifier, proof, instances);
        assertEqual(verifier.VERIFYING_KEY_ID(), ModelInfo.VERIFYING_KEY_ID, "verifying key");
        assertEqual(verifier.SRS_ID(), ModelInfo.SRS_ID, "SRS");
    }

    /// @dev What the library reads is what the proof's maker computed.
    function test_OutputsAreReadByName() public {
        assertThat(Wad.unwrap(this.scoreOf(instances)) == InferenceFixture.circuitOutputs()[0], "score");
        assertEqual(ModelOutputs.INSTANCES, ModelInfo.INSTANCES, "as many public values");
        instances.push(0);
        vm.expectRevert(abi.encodeWithSelector(ModelOutputs.WrongInstanceCount.selector, 3, 2));
        this.scoreOf(instances);
    }

    function scoreOf(uint256[] calldata values) external pure returns (Wad) {
        return ModelOutputs.scoreOf(values);
    }

    function testFuzz_RefusesAnyFlippedBit(uint256 bit) public view {
        assertBadProof(verifier, ProofMutations.flipBit(proof, bound(bit, 0, 8 * proof.length - 1)), instances);
    }

    function testFuzz_RefusesSwappedWords(uint256 first, uint256 second) public view {
        first = bound(first, 0, proof.length / 32 - 1);
        second = bound(second, 0, proof.length / 32 - 1);
        vm.assume(ProofMutations.wordAt(proof, first) != ProofMutations.wordAt(proof, second));
        assertBadProof(verifier, ProofMutations.swapWords(proof, first, second), instances);
    }

    /// @dev Every word: coordinates are below another modulus, where an alias is off the curve.
    function test_RefusesAliasesOfEveryWord() public view {
        for (uint256 i = 0; i < proof.length / 32; ++i) {
            assertBadProof(verifier, ProofMutations.addModulusToWord(proof, i), instances);
        }
    }

    function testFuzz_RefusesAnotherLength(uint256 length, bytes calldata tail) public view {
        bytes4 wrongLength = VerifierErrors.ProofLengthInvalid.selector;
        length = bound(length, 0, proof.length - 1);
        assertBadProof(verifier, ProofMutations.truncate(proof, length), instances, wrongLength);
        vm.assume(tail.length != 0);
        assertBadProof(verifier, ProofMutations.extend(proof, tail), instances, wrongLength);
    }

    function testFuzz_RefusesAnotherPublicValue(uint256 index, uint256 value) public view {
        index = bound(index, 0, instances.length - 1);
        value %= FIELD_MODULUS;
        vm.assume(instances[index] != value);
        uint256[] memory spoilt = ProofMutations.replaceInstance(instances, index, value);
        assertBadProof(verifier, proof, spoilt, VerifierErrors.ProofInvalid.selector);
    }

    function testFuzz_RefusesEveryAliasOfAPublicValue(uint256 index, uint256 multiple) public view {
        index = bound(index, 0, instances.length - 1);
        multiple = bound(multiple, 1, (type(uint256).max - instances[index]) / FIELD_MODULUS);
        uint256[] memory spoilt =
            ProofMutations.replaceInstance(instances, index, instances[index] + multiple * FIELD_MODULUS);
        assertBadProof(verifier, proof, spoilt, VerifierErrors.InstanceNotCanonical.selector);
        spoilt = ProofMutations.addModulus(instances, index);
        assertBadProof(verifier, proof, spoilt, VerifierErrors.InstanceNotCanonical.selector);
    }

    function testFuzz_RefusesAnotherNumberOfPublicValues(uint256 value) public view {
        bytes4 wrongCount = VerifierErrors.InstanceCountInvalid.selector;
        assertBadProof(verifier, proof, ProofMutations.dropInstance(instances), wrongCount);
        assertBadProof(verifier, proof, ProofMutations.appendInstance(instances, value), wrongCount);
        assertBadProof(verifier, proof, new uint256[](0), wrongCount);
    }

    function test_RevertWhen_OnARealChain() public {
        vm.chainId(1);
        bytes4 developmentOnly = VerifierErrors.DevelopmentOnly.selector;
        expectBadProof(verifier, developmentOnly);
        verifier.verifyProof(proof, instances);
        vm.expectRevert(developmentOnly);
        new DevOnlyHalo2Verifier();
    }
}
