// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelConsumer} from "../src/ModelConsumer.sol";
import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {InferenceFixture} from "./fixtures/InferenceFixture.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {FixedPoint} from "hallmark/libraries/FixedPoint.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev A real proof of `credit_scorer`, and what must be refused.
contract InferenceTest is HallmarkTest {
    IInferenceVerifier private verifier;
    ModelConsumer private consumer;
    bytes private proof;
    uint256[] private instances;

    function setUp() public {
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        bytes32 codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        consumer = new ModelConsumer(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID, address(this));
        proof = InferenceFixture.proof();
        instances = InferenceFixture.instances();
    }

    /// @dev Whether the verifier accepts: it neither reverts nor answers anything but true.
    function accepts(bytes memory someProof, uint256[] memory someInstances) private view returns (bool) {
        (bool success, bytes memory answer) =
            address(verifier).staticcall(abi.encodeCall(IInferenceVerifier.verifyProof, (someProof, someInstances)));
        return success && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    // What must work.

    function test_VerifiesTheProof() public view {
        assertThat(verifier.verifyProof(proof, instances), "the verifier accepts");
        assertEqual(verifier.VERIFYING_KEY_ID(), ModelInfo.VERIFYING_KEY_ID, "verifying key");
        assertEqual(verifier.SRS_ID(), ModelInfo.SRS_ID, "SRS");
    }

    function test_TheContextIsThatOfTheFixture() public view {
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("hallmark.context.v1"),
                InferenceFixture.CHAIN_ID,
                InferenceFixture.CONSUMER,
                InferenceFixture.ACCOUNT,
                InferenceFixture.NONCE,
                InferenceFixture.DEADLINE
            )
        );
        assertEqual(instances[ModelInfo.CONTEXT_INDEX], uint256(hash) >> 8, "hash of the constants");
        assertEqual(instances[ModelInfo.CONTEXT_INDEX], InferenceFixture.context(), "as the fixture says");
        assertEqual(InferenceFixture.VERIFYING_KEY_ID, ModelInfo.VERIFYING_KEY_ID, "verifying key");
    }

    function test_ConsumerRecordsTheInference() public {
        consumer.submit(proof, instances);
        assertEqual(consumer.count(), 1, "recorded");
        assertThat(consumer.isUsed(address(this), instances), "used up");
    }

    function test_OutputsAreThoseOfTheModel() public view {
        int256[] memory circuit = InferenceFixture.circuitOutputs();
        int256[] memory model = InferenceFixture.modelOutputs();
        assertEqual(circuit.length + 1, ModelInfo.INSTANCES, "one value per instance but the context");
        uint256 next = 0;
        Wad[] memory values0 = consumer.output0(instances);
        for (uint256 i = 0; i < values0.length; ++i) {
            checkOutput(Wad.unwrap(values0[i]), circuit[next], model[next]);
            ++next;
        }
        assertEqual(next, circuit.length, "all of them");
    }

    function checkOutput(int256 decoded, int256 circuit, int256 model) private pure {
        assertEqual(decoded, circuit, "decoded as the circuit computed it");
        int256 error = decoded > model ? decoded - model : model - decoded;
        assertThat(error <= InferenceFixture.TOLERANCE, "within the tolerance of the float model");
    }

    // What must not.

    function test_RevertWhen_AnInferenceIsReplayed() public {
        consumer.submit(proof, instances);
        bytes32 nullifier = consumer.nullifierOf(address(this), instances);
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.InferenceAlreadyUsed.selector, nullifier));
        consumer.submit(proof, instances);
    }

    function test_RevertWhen_AnotherAccountSubmitsTheProof() public {
        address thief = address(0xbad);
        vm.expectRevert(abi.encodeWithSelector(ModelConsumer.NotSubmitter.selector, thief, address(this)));
        vm.prank(thief);
        consumer.submit(proof, instances);
    }

    function test_RevertWhen_TheConsumerIsGivenABadProof() public {
        proof[proof.length / 2] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.ProofRejected.selector, verifier));
        consumer.submit(proof, instances);
        assertEqual(consumer.count(), 0, "nothing recorded");
    }

    function testFuzz_RejectsAnyFlippedBit(uint256 position) public view {
        bytes memory bad = proof;
        position = bound(position, 0, 8 * bad.length - 1);
        bad[position / 8] ^= bytes1(0x01) << (position % 8);
        assertThat(!accepts(bad, instances), "a flipped bit is rejected");
    }

    function testFuzz_RejectsAnyOtherPublicValue(uint256 index, uint256 value) public view {
        uint256[] memory bad = instances;
        index = bound(index, 0, bad.length - 1);
        vm.assume(bad[index] != value);
        bad[index] = value;
        assertThat(!accepts(proof, bad), "another public value is rejected");
    }

    function testFuzz_RejectsAnyOtherContext(uint256 value) public view {
        uint256[] memory bad = instances;
        vm.assume(bad[ModelInfo.CONTEXT_INDEX] != value);
        bad[ModelInfo.CONTEXT_INDEX] = value;
        assertThat(!accepts(proof, bad), "another context is rejected");
        bad[ModelInfo.CONTEXT_INDEX] = 0;
        assertThat(!accepts(proof, bad), "no context is rejected");
    }

    function test_RejectsPublicValuesPlusTheModulus() public view {
        for (uint256 i = 0; i < instances.length && i < 16; ++i) {
            uint256[] memory bad = instances;
            bad[i] += FixedPoint.FIELD_MODULUS;
            assertThat(!accepts(proof, bad), "an alias of a public value is rejected");
        }
    }

    function test_RejectsMissingAndExtraPublicValues() public view {
        uint256[] memory fewer = new uint256[](instances.length - 1);
        uint256[] memory more = new uint256[](instances.length + 1);
        for (uint256 i = 0; i < instances.length; ++i) {
            if (i < fewer.length) fewer[i] = instances[i];
            more[i] = instances[i];
        }
        assertThat(!accepts(proof, fewer), "a missing public value is rejected");
        assertThat(!accepts(proof, more), "an extra public value is rejected");
    }

    function test_RejectsTruncatedAndExtendedProofs() public view {
        bytes memory whole = proof;
        assertThat(!accepts("", instances), "no proof");
        assertThat(!accepts(bytes.concat(whole, hex"00"), instances), "an extra byte");
        assertThat(!accepts(bytes.concat(whole, bytes32(0)), instances), "an extra word");
        uint256[4] memory lengths = [whole.length - 1, whole.length - 32, whole.length / 2, 1];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory part = new bytes(lengths[i]);
            for (uint256 j = 0; j < part.length; ++j) {
                part[j] = whole[j];
            }
            assertThat(!accepts(part, instances), "a truncated proof is rejected");
        }
    }

    function test_RevertWhen_TheDevelopmentVerifierIsUsedOnARealChain() public {
        vm.chainId(1);
        assertThat(!accepts(proof, instances), "not called");
        vm.expectRevert();
        new DevOnlyHalo2Verifier();
    }
}
