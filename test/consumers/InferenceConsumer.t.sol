// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {CountingConsumer, OpenConsumer} from "../support/OpenConsumer.sol";
import {ConsumerSuite} from "./ConsumerSuite.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";

/// @dev A consumer with one verifier for ever.
contract InferenceConsumerTest is ConsumerSuite {
    function consumerOf(IInferenceVerifier someVerifier) internal override returns (CountingConsumer) {
        return new OpenConsumer(someVerifier, address(someVerifier).codehash, KEY, SRS);
    }

    function test_PinsWhatItWasGiven() public view {
        OpenConsumer open = OpenConsumer(address(consumer));
        assertEqual(address(open.VERIFIER()), address(verifier), "verifier");
        assertEqual(open.VERIFIER_CODE_HASH(), address(verifier).codehash, "code");
        assertEqual(open.VERIFYING_KEY_ID(), KEY, "verifying key");
        assertEqual(open.SRS_ID(), SRS, "SRS");
    }

    function test_RevertWhen_TheVerifierHasNoCode() public {
        IInferenceVerifier nobody = IInferenceVerifier(address(0xdead));
        bytes32 codeHash = address(nobody).codehash;
        vm.expectRevert(
            abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, nobody, codeHash, codeHash)
        );
        new OpenConsumer(nobody, codeHash, KEY, SRS);
    }

    function test_RevertWhen_TheCodeIsNotTheExpectedOne() public {
        bytes32 found = address(verifier).codehash;
        bytes32 expected = keccak256("other code");
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, verifier, found, expected));
        new OpenConsumer(verifier, expected, KEY, SRS);
    }

    function test_RevertWhen_TheVerifyingKeyIsAnother() public {
        bytes32 codeHash = address(verifier).codehash;
        bytes32 other = keccak256("another model");
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifyingKeyMismatch.selector, KEY, other));
        new OpenConsumer(verifier, codeHash, other, SRS);
    }

    function test_RevertWhen_TheSrsIsAnother() public {
        bytes32 codeHash = address(verifier).codehash;
        bytes32 other = keccak256("another ceremony");
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, SRS, other));
        new OpenConsumer(verifier, codeHash, KEY, other);
    }
}
