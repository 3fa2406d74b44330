// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "./generated/src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "./generated/src/Verifier.sol";
import {InferenceFixture} from "./generated/test/fixtures/InferenceFixture.sol";
import {OpenConsumer} from "./support/OpenConsumer.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";

/// @dev What a consumer does with a real proof that a real verifier accepts.
contract AcceptedInferenceTest is HallmarkTest {
    event InferenceAccepted(bytes32 indexed nullifier, address indexed caller, bytes32 indexed instancesHash);

    IInferenceVerifier private verifier;
    OpenConsumer private consumer;
    bytes private proof;
    uint256[] private instances;

    function setUp() public {
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        consumer = deploy();
        proof = InferenceFixture.proof();
        instances = InferenceFixture.instances();
    }

    function deploy() private returns (OpenConsumer) {
        bytes32 codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        return new OpenConsumer(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID);
    }

    function test_PinsWhatItWasGiven() public view {
        assertEqual(address(consumer.VERIFIER()), address(verifier), "verifier");
        assertEqual(consumer.VERIFIER_CODE_HASH(), address(verifier).codehash, "code");
        assertEqual(consumer.VERIFYING_KEY_ID(), verifier.VERIFYING_KEY_ID(), "verifying key");
        assertEqual(consumer.SRS_ID(), verifier.SRS_ID(), "SRS");
    }

    function test_AcceptsOnceAndSaysSo() public {
        bytes32 nullifier = consumer.nullifierOf(address(this), instances);
        assertThat(!consumer.isUsed(address(this), instances), "fresh");
        vm.expectEmit(true, true, true, true, address(consumer));
        emit InferenceAccepted(nullifier, address(this), keccak256(abi.encodePacked(instances)));
        assertEqual(consumer.use(proof, instances), nullifier, "returned nullifier");
        assertThat(consumer.isUsed(address(this), instances), "used");
        assertEqual(consumer.uses(), 1, "one state change");

        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.InferenceAlreadyUsed.selector, nullifier));
        consumer.use(proof, instances);
        assertEqual(consumer.uses(), 1, "still one");
    }

    /// @dev A used inference stays used whatever the proof's bytes are: no hash of them is involved.
    function testFuzz_RevertWhen_ReplayedWithAnyProof(bytes calldata other) public {
        consumer.use(proof, instances);
        vm.expectPartialRevert(InferenceConsumer.InferenceAlreadyUsed.selector);
        consumer.use(other, instances);
    }

    /// @dev Documented limit: nothing inside the proof names the caller.
    function test_AnotherCallerCanUseTheSameProofWhereEverybodyMay() public {
        consumer.use(proof, instances);
        vm.prank(address(0xbeef));
        consumer.use(proof, instances);
        assertEqual(consumer.uses(), 2, "one for each caller");
    }

    function test_AnotherConsumerHasNullifiersOfItsOwn() public {
        OpenConsumer other = deploy();
        consumer.use(proof, instances);
        assertThat(!other.isUsed(address(this), instances), "fresh there");
        other.use(proof, instances);
    }

    function testFuzz_RevertWhen_APublicValueIsChanged(uint256 value) public {
        vm.assume(value != instances[0]);
        instances[0] = value;
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.ProofRejected.selector, verifier));
        consumer.use(proof, instances);
    }

    function testFuzz_RevertWhen_AnyByteIsChanged(uint256 position, bytes1 mask) public {
        vm.assume(mask != 0);
        position = bound(position, 0, proof.length - 1);
        proof[position] ^= mask;
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.ProofRejected.selector, verifier));
        consumer.use(proof, instances);
    }

    /// @dev Too little gas must never look like an answer.
    function testFuzz_RevertWhen_GasRunsOut(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 30_000, 250_000);
        (bool success,) = address(consumer).call{gas: gasLimit}(abi.encodeCall(OpenConsumer.use, (proof, instances)));
        assertThat(!success, "reverts");
        assertEqual(consumer.uses(), 0, "nothing was used");
        assertThat(!consumer.isUsed(address(this), instances), "nullifier is free");
    }

    function test_RevertWhen_OnAnotherChain() public {
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.ProofRejected.selector, verifier));
        consumer.use(proof, instances);
    }
}
