// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {CountingConsumer, OpenRegistryConsumer} from "../support/OpenConsumer.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {ConsumerSuite} from "./ConsumerSuite.sol";
import {ConsumerBase} from "hallmark/consumers/ConsumerBase.sol";
import {RegistryConsumer} from "hallmark/consumers/RegistryConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "hallmark/interfaces/IModelRegistry.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";
import {ModelRegistry} from "hallmark/registry/ModelRegistry.sol";

/// @dev A consumer with the verifier that a registry names at the moment.
contract RegistryConsumerTest is ConsumerSuite {
    uint256 private constant DELAY = 2 days;
    bytes32 private constant MODEL = keccak256(abi.encode("model", uint256(0)));
    bytes32 private constant NEXT_KEY = keccak256("verifying key of the next version");
    bytes32 private constant OUTPUTS = keccak256("one output of one element, 12 fraction bits");
    uint256 private constant FAR = type(uint256).max;

    ModelRegistry private registry = new ModelRegistry(address(this), address(0x911), DELAY);
    uint256 private models;

    function versionOf(IInferenceVerifier someVerifier, bytes32 keyId, bytes32 srsId)
        private
        view
        returns (IModelRegistry.Version memory)
    {
        bytes32 codeHash = address(someVerifier).codehash;
        return IModelRegistry.Version(address(someVerifier), codeHash, keyId, srsId, OUTPUTS, bytes32(0));
    }

    function consumerOf(IInferenceVerifier someVerifier) internal override returns (CountingConsumer) {
        bytes32 modelId = keccak256(abi.encode("model", models++));
        registry.registerModel(modelId, versionOf(someVerifier, KEY, SRS), "");
        return new OpenRegistryConsumer(registry, modelId, SRS, OUTPUTS);
    }

    function upgrade(IModelRegistry.Version memory version) private {
        registry.announce(MODEL, version, "");
        vm.warp(block.timestamp + DELAY);
        registry.activate(MODEL);
    }

    function test_PinsWhatItWasGiven() public view {
        OpenRegistryConsumer open = OpenRegistryConsumer(address(consumer));
        assertEqual(address(open.REGISTRY()), address(registry), "registry");
        assertEqual(open.MODEL_ID(), MODEL, "model");
        assertEqual(open.SRS_ID(), SRS, "SRS");
        assertEqual(open.OUTPUTS_ID(), OUTPUTS, "outputs");
    }

    /// @dev A version with another scale would be misread without anybody noticing.
    function testFuzz_RevertWhen_OutputsAreReadInAnotherWay(bytes32 outputsId) public {
        vm.assume(outputsId != OUTPUTS);
        bytes memory refusal = abi.encodeWithSelector(RegistryConsumer.OutputsMismatch.selector, outputsId, OUTPUTS);
        uint256[] memory instances = instancesFor(consumer, ACCOUNT, 1, FAR);
        ProgrammableVerifier next = new ProgrammableVerifier(NEXT_KEY, SRS);
        next.allow(PROOF, instances);
        IModelRegistry.Version memory version = versionOf(next, NEXT_KEY, SRS);
        version.outputsId = outputsId;
        upgrade(version);
        vm.expectRevert(refusal);
        consumer.use(PROOF, instances, ACCOUNT, 1, FAR);
        assertThat(!consumer.isUsed(ACCOUNT, 1), "the nonce is free");
        vm.expectRevert(refusal);
        new OpenRegistryConsumer(registry, MODEL, SRS, OUTPUTS);
        version.outputsId = OUTPUTS;
        upgrade(version);
        consumer.use(PROOF, instances, ACCOUNT, 1, FAR);
    }

    /// @dev After an upgrade the old version's proofs are refused, and nonces count on.
    function test_FollowsAnUpgrade() public {
        uint256[] memory first = instancesFor(consumer, ACCOUNT, 1, FAR);
        uint256[] memory second = instancesFor(consumer, ACCOUNT, 2, FAR);
        verifier.allow(PROOF, first);
        verifier.allow(PROOF, second);
        consumer.use(PROOF, first, ACCOUNT, 1, FAR);

        ProgrammableVerifier next = new ProgrammableVerifier(NEXT_KEY, SRS);
        upgrade(versionOf(next, NEXT_KEY, SRS));
        expectProofRejected(next);
        consumer.use(PROOF, second, ACCOUNT, 2, FAR);
        next.allow(PROOF, first);
        next.allow(PROOF, second);
        consumer.use(PROOF, second, ACCOUNT, 2, FAR);
        vm.expectPartialRevert(ConsumerBase.InferenceAlreadyUsed.selector);
        consumer.use(PROOF, first, ACCOUNT, 1, FAR);
    }

    function test_AnAnnouncementChangesNothingYet() public {
        ProgrammableVerifier next = new ProgrammableVerifier(NEXT_KEY, SRS);
        registry.announce(MODEL, versionOf(next, NEXT_KEY, SRS), "");
        use(honest());
    }

    function test_RevertWhen_TheNextVersionRestsOnAnotherSrs() public {
        bytes32 otherSrs = keccak256("another ceremony");
        upgrade(versionOf(new ProgrammableVerifier(NEXT_KEY, otherSrs), NEXT_KEY, otherSrs));
        uint256[] memory instances = instancesFor(consumer, ACCOUNT, NONCE, FAR);
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, otherSrs, SRS));
        consumer.use(PROOF, instances, ACCOUNT, NONCE, FAR);
    }

    function test_RevertWhen_TheModelIsStopped() public {
        uint256[] memory instances = honest();
        vm.prank(address(0x911));
        registry.stopModel(MODEL);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelStopped.selector, MODEL));
        use(instances);
    }

    function test_RevertWhen_TheVersionIsRemoved() public {
        uint256[] memory instances = honest();
        vm.prank(address(0x911));
        registry.removeVersion(MODEL, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionTombstoned.selector, MODEL, 1));
        use(instances);
    }

    function test_RevertWhen_TheModelIsUnknown() public {
        bytes32 other = keccak256("nothing");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, other));
        new OpenRegistryConsumer(registry, other, SRS, OUTPUTS);
    }

    function test_RevertWhen_TheSrsIsAnother() public {
        bytes32 other = keccak256("another ceremony");
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, SRS, other));
        new OpenRegistryConsumer(registry, MODEL, other, OUTPUTS);
    }
}
