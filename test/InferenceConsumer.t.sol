// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HostileVerifier} from "./support/HostileVerifier.sol";
import {OpenConsumer} from "./support/OpenConsumer.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";

/// @dev What a consumer must refuse, whatever stands at the verifier's address.
contract InferenceConsumerTest is HallmarkTest {
    bytes32 private constant KEY = keccak256("verifying key");
    bytes32 private constant SRS = keccak256("structured reference string");

    function hostile(HostileVerifier.Mode mode) private returns (IInferenceVerifier) {
        return IInferenceVerifier(address(new HostileVerifier(mode, KEY, SRS)));
    }

    function consumerOf(IInferenceVerifier verifier) private returns (OpenConsumer) {
        return new OpenConsumer(verifier, address(verifier).codehash, KEY, SRS);
    }

    function anyInstances() private pure returns (uint256[] memory instances) {
        instances = new uint256[](2);
        instances[0] = 42;
        instances[1] = 7;
    }

    function test_RevertWhen_TheVerifierSaysNo() public {
        HostileVerifier.Mode[4] memory modes = [
            HostileVerifier.Mode.ReturnsFalse,
            HostileVerifier.Mode.Reverts,
            HostileVerifier.Mode.RevertsWithAMegabyte,
            HostileVerifier.Mode.BurnsAllGas
        ];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier verifier = hostile(modes[i]);
            OpenConsumer consumer = consumerOf(verifier);
            vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.ProofRejected.selector, verifier));
            consumer.use{gas: 5_000_000}("proof", anyInstances());
            assertEqual(consumer.uses(), 0, "nothing was used");
            assertThat(!consumer.isUsed(address(this), anyInstances()), "nullifier is free");
        }
    }

    function test_RevertWhen_TheAnswerIsNotABoolean() public {
        HostileVerifier.Mode[5] memory modes = [
            HostileVerifier.Mode.ReturnsNothing,
            HostileVerifier.Mode.ReturnsTwo,
            HostileVerifier.Mode.Returns31Bytes,
            HostileVerifier.Mode.Returns64Bytes,
            HostileVerifier.Mode.ReturnsAMegabyte
        ];
        uint256[5] memory sizes = [uint256(0), 32, 31, 64, 1_048_576];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier verifier = hostile(modes[i]);
            OpenConsumer consumer = consumerOf(verifier);
            vm.expectRevert(
                abi.encodeWithSelector(InferenceConsumer.MalformedVerifierAnswer.selector, verifier, sizes[i])
            );
            consumer.use("proof", anyInstances());
        }
    }

    function test_RevertWhen_TheVerifierHasNoCode() public {
        IInferenceVerifier nobody = IInferenceVerifier(address(0xdead));
        bytes32 codeHash = address(nobody).codehash;
        vm.expectRevert(
            abi.encodeWithSelector(InferenceConsumer.VerifierCodeMismatch.selector, nobody, codeHash, codeHash)
        );
        new OpenConsumer(nobody, codeHash, KEY, SRS);
    }

    function test_RevertWhen_TheCodeIsNotTheExpectedOne() public {
        IInferenceVerifier verifier = hostile(HostileVerifier.Mode.ReturnsFalse);
        bytes32 expected = keccak256("other code");
        vm.expectRevert(
            abi.encodeWithSelector(
                InferenceConsumer.VerifierCodeMismatch.selector, verifier, address(verifier).codehash, expected
            )
        );
        new OpenConsumer(verifier, expected, KEY, SRS);
    }

    function test_RevertWhen_TheCodeChangesLater() public {
        IInferenceVerifier verifier = hostile(HostileVerifier.Mode.ReturnsFalse);
        OpenConsumer consumer = consumerOf(verifier);
        bytes32 expected = address(verifier).codehash;
        // PUSH1 1, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN: says true to everything.
        vm.etch(address(verifier), hex"60015f5260205ff3");
        vm.expectRevert(
            abi.encodeWithSelector(
                InferenceConsumer.VerifierCodeMismatch.selector, verifier, address(verifier).codehash, expected
            )
        );
        consumer.use("proof", anyInstances());
    }

    function test_RevertWhen_TheVerifyingKeyIsAnother() public {
        IInferenceVerifier verifier = hostile(HostileVerifier.Mode.ReturnsFalse);
        bytes32 codeHash = address(verifier).codehash;
        bytes32 other = keccak256("another model");
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.VerifyingKeyMismatch.selector, KEY, other));
        new OpenConsumer(verifier, codeHash, other, SRS);
    }

    function test_RevertWhen_TheSrsIsAnother() public {
        IInferenceVerifier verifier = hostile(HostileVerifier.Mode.ReturnsFalse);
        bytes32 codeHash = address(verifier).codehash;
        bytes32 other = keccak256("another ceremony");
        vm.expectRevert(abi.encodeWithSelector(InferenceConsumer.SrsMismatch.selector, SRS, other));
        new OpenConsumer(verifier, codeHash, KEY, other);
    }

    function testFuzz_NullifiersBindEveryPart(
        address caller,
        address otherCaller,
        uint256[] calldata instances,
        uint64 chain
    ) public {
        vm.assume(caller != otherCaller && chain != block.chainid && chain != 0);
        vm.assume(instances.length != 0);
        IInferenceVerifier verifier = hostile(HostileVerifier.Mode.ReturnsFalse);
        OpenConsumer consumer = consumerOf(verifier);
        OpenConsumer otherConsumer = consumerOf(verifier);
        bytes32 nullifier = consumer.nullifierOf(caller, instances);

        assertEqual(consumer.nullifierOf(caller, instances), nullifier, "stable");
        assertThat(consumer.nullifierOf(otherCaller, instances) != nullifier, "caller");
        assertThat(otherConsumer.nullifierOf(caller, instances) != nullifier, "consumer");
        assertThat(consumer.nullifierOf(caller, instances[1:]) != nullifier, "length");
        uint256[] memory changed = instances;
        unchecked {
            ++changed[chain % changed.length];
        }
        assertThat(consumer.nullifierOf(caller, changed) != nullifier, "public values");
        vm.chainId(chain);
        assertThat(consumer.nullifierOf(caller, instances) != nullifier, "chain");
    }
}
