// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HostileVerifier} from "../support/HostileVerifier.sol";
import {CountingConsumer} from "../support/OpenConsumer.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {ReentrantVerifier} from "../support/ReentrantVerifier.sol";
import {ConsumerBase} from "hallmark/consumers/ConsumerBase.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {InferenceContext} from "hallmark/libraries/InferenceContext.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";

/// @dev What holds for every consumer, wherever its verifier comes from.
abstract contract ConsumerSuite is HallmarkTest {
    bytes32 internal constant KEY = keccak256("verifying key");
    bytes32 internal constant SRS = keccak256("structured reference string");
    address internal constant ACCOUNT = address(0xacc);
    uint256 internal constant NONCE = 5;
    uint256 internal constant DEADLINE = 1_000;
    bytes internal constant PROOF = "a proof, as far as the verifier here is concerned";

    event InferenceAccepted(bytes32 indexed nullifier, address indexed account, bytes32 indexed instancesHash);
    event NonceCancelled(bytes32 indexed nullifier, address indexed account, uint256 nonce);

    ProgrammableVerifier internal verifier;
    CountingConsumer internal consumer;

    /// @dev A consumer of whatever stands at the verifier's address.
    function consumerOf(IInferenceVerifier someVerifier) internal virtual returns (CountingConsumer);

    function setUp() public virtual {
        verifier = new ProgrammableVerifier(KEY, SRS);
        consumer = consumerOf(verifier);
    }

    /*------------------------------------------------------------*/
    /* Helpers                                                    */
    /*------------------------------------------------------------*/

    /// @dev Public values for `someConsumer`, and what `ReentrantVerifier` reads from them.
    function instancesFor(CountingConsumer someConsumer, address account, uint256 nonce, uint256 deadline)
        internal
        view
        returns (uint256[] memory instances)
    {
        instances = new uint256[](4);
        instances[0] = InferenceContext.hash(block.chainid, address(someConsumer), account, nonce, deadline);
        instances[1] = uint160(account);
        instances[2] = nonce;
        instances[3] = deadline;
    }

    /// @dev An honest proof for ACCOUNT, NONCE and DEADLINE.
    function honest() internal returns (uint256[] memory instances) {
        instances = instancesFor(consumer, ACCOUNT, NONCE, DEADLINE);
        verifier.allow(PROOF, instances);
    }

    function use(uint256[] memory instances) internal returns (bytes32) {
        return consumer.use(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
    }

    function hostile(HostileVerifier.Mode mode) internal returns (IInferenceVerifier) {
        return IInferenceVerifier(address(new HostileVerifier(mode, KEY, SRS)));
    }

    function reentrant(ReentrantVerifier.Question question) internal returns (IInferenceVerifier) {
        return IInferenceVerifier(address(new ReentrantVerifier(question, KEY, SRS)));
    }

    function expectContextMismatch(uint256 found, uint256 expected) internal {
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ContextMismatch.selector, found, expected));
    }

    function assertNothingHappened(CountingConsumer someConsumer) internal view {
        assertEqual(someConsumer.uses(), 0, "nothing was used");
        assertThat(!someConsumer.isUsed(ACCOUNT, NONCE), "the nonce is free");
    }

    /*------------------------------------------------------------*/
    /* Accepted                                                   */
    /*------------------------------------------------------------*/

    function test_AcceptsOnceAndSaysSo() public {
        uint256[] memory instances = honest();
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        assertThat(!consumer.isUsed(ACCOUNT, NONCE), "fresh");
        vm.expectEmit(true, true, true, true, address(consumer));
        emit InferenceAccepted(nullifier, ACCOUNT, keccak256(abi.encodePacked(instances)));
        assertEqual(use(instances), nullifier, "returned nullifier");
        assertThat(consumer.isUsed(ACCOUNT, NONCE), "used");
        assertEqual(consumer.uses(), 1, "one state change");

        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        use(instances);
        assertEqual(consumer.uses(), 1, "still one");
    }

    function test_AcceptsUntilTheDeadlineAndAtIt() public {
        uint256[] memory instances = honest();
        vm.warp(DEADLINE);
        use(instances);
    }

    /// @dev Whoever sends it, it takes effect for the account inside the proof, and once.
    function testFuzz_AnyoneMayRelayForTheAccount(address relayer) public {
        uint256[] memory instances = honest();
        vm.prank(relayer);
        use(instances);
        assertEqual(consumer.usesOf(ACCOUNT), 1, "for the account");
        assertThat(relayer == ACCOUNT || consumer.usesOf(relayer) == 0, "not for the relayer");

        vm.expectPartialRevert(ConsumerBase.InferenceAlreadyUsed.selector);
        vm.prank(ACCOUNT);
        use(instances);
    }

    function test_NoncesNeedNoOrder() public {
        uint256[3] memory nonces = [type(uint256).max, 0, 7];
        for (uint256 i = 0; i < nonces.length; ++i) {
            uint256[] memory instances = instancesFor(consumer, ACCOUNT, nonces[i], DEADLINE);
            verifier.allow(PROOF, instances);
            consumer.use(PROOF, instances, ACCOUNT, nonces[i], DEADLINE);
        }
        assertEqual(consumer.uses(), 3, "each once");
    }

    function test_TheSameOutputsCountAgainUnderAnotherNonce() public {
        use(honest());
        uint256[] memory again = instancesFor(consumer, ACCOUNT, NONCE, DEADLINE);
        again[0] = consumer.contextOf(ACCOUNT, NONCE + 1, DEADLINE);
        verifier.allow(PROOF, again);
        consumer.use(PROOF, again, ACCOUNT, NONCE + 1, DEADLINE);
        assertEqual(consumer.usesOf(ACCOUNT), 2, "two inferences");
    }

    /*------------------------------------------------------------*/
    /* Replay                                                     */
    /*------------------------------------------------------------*/

    /// @dev A second proof of the same statement, or of other outputs or another deadline with the
    /// same nonce, is a replay: no hash of a proof or of public values is involved.
    function testFuzz_RevertWhen_TheNonceIsUsedByAnotherValidProof(
        bytes calldata otherProof,
        uint256 output,
        uint256 otherDeadline
    ) public {
        use(honest());
        otherDeadline = bound(otherDeadline, block.timestamp, type(uint256).max);
        uint256[] memory instances = instancesFor(consumer, ACCOUNT, NONCE, otherDeadline);
        instances[3] = output % FIELD_MODULUS;
        verifier.allow(otherProof, instances);
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        consumer.use(otherProof, instances, ACCOUNT, NONCE, otherDeadline);
        assertEqual(consumer.uses(), 1, "still one");
    }

    function testFuzz_NullifiersBindEveryPart(
        address account,
        address otherAccount,
        uint256 nonce,
        uint256 otherNonce,
        uint64 chain
    ) public {
        vm.assume(account != otherAccount && nonce != otherNonce && chain != block.chainid && chain != 0);
        CountingConsumer otherConsumer = consumerOf(verifier);
        bytes32 nullifier = consumer.nullifierOf(account, nonce);

        assertEqual(consumer.nullifierOf(account, nonce), nullifier, "stable");
        assertThat(consumer.nullifierOf(otherAccount, nonce) != nullifier, "account");
        assertThat(consumer.nullifierOf(account, otherNonce) != nullifier, "nonce");
        assertThat(otherConsumer.nullifierOf(account, nonce) != nullifier, "consumer");
        vm.chainId(chain);
        assertThat(consumer.nullifierOf(account, nonce) != nullifier, "chain");
    }

    /*------------------------------------------------------------*/
    /* Cancelling                                                 */
    /*------------------------------------------------------------*/

    function test_RevertWhen_TheNonceWasCancelled() public {
        uint256[] memory instances = honest();
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectEmit(true, true, true, true, address(consumer));
        emit NonceCancelled(nullifier, ACCOUNT, NONCE);
        vm.prank(ACCOUNT);
        consumer.cancelNonce(NONCE);
        assertThat(consumer.isUsed(ACCOUNT, NONCE), "used");

        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        use(instances);
        assertEqual(consumer.uses(), 0, "no state change");
    }

    function testFuzz_CancellingIsForTheSenderOnly(address stranger, uint256 nonce) public {
        vm.assume(stranger != ACCOUNT);
        vm.prank(stranger);
        consumer.cancelNonce(nonce);
        assertThat(consumer.isUsed(stranger, nonce), "the stranger's own");
        assertThat(!consumer.isUsed(ACCOUNT, nonce), "nobody else's");
        use(honest());
    }

    function test_RevertWhen_CancellingAUsedNonce() public {
        use(honest());
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        vm.prank(ACCOUNT);
        consumer.cancelNonce(NONCE);
    }

    /*------------------------------------------------------------*/
    /* Context                                                    */
    /*------------------------------------------------------------*/

    function testFuzz_ContextIsTheLibrarysHash(address account, uint256 nonce, uint256 deadline, uint64 chain) public {
        vm.assume(chain != 0);
        vm.chainId(chain);
        assertEqual(
            consumer.contextOf(account, nonce, deadline),
            InferenceContext.hash(chain, address(consumer), account, nonce, deadline),
            "context"
        );
    }

    function test_RevertWhen_TheProofHasExpired() public {
        uint256[] memory instances = honest();
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ProofExpired.selector, DEADLINE, DEADLINE + 1));
        use(instances);
        assertNothingHappened(consumer);
    }

    function test_RevertWhen_ThereIsNoContext() public {
        uint256[] memory nothing = new uint256[](0);
        verifier.allow(PROOF, nothing);
        vm.expectRevert(ConsumerBase.ContextMissing.selector);
        use(nothing);
    }

    function testFuzz_RevertWhen_AnotherAccountIsClaimed(address thief) public {
        vm.assume(thief != ACCOUNT);
        uint256[] memory instances = honest();
        expectContextMismatch(instances[0], consumer.contextOf(thief, NONCE, DEADLINE));
        vm.prank(thief);
        consumer.use(PROOF, instances, thief, NONCE, DEADLINE);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnotherNonceIsClaimed(uint256 nonce) public {
        vm.assume(nonce != NONCE);
        uint256[] memory instances = honest();
        expectContextMismatch(instances[0], consumer.contextOf(ACCOUNT, nonce, DEADLINE));
        consumer.use(PROOF, instances, ACCOUNT, nonce, DEADLINE);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnotherDeadlineIsClaimed(uint256 deadline) public {
        deadline = bound(deadline, block.timestamp, type(uint256).max);
        vm.assume(deadline != DEADLINE);
        uint256[] memory instances = honest();
        expectContextMismatch(instances[0], consumer.contextOf(ACCOUNT, NONCE, deadline));
        consumer.use(PROOF, instances, ACCOUNT, NONCE, deadline);
        assertNothingHappened(consumer);
    }

    function test_RevertWhen_TheProofIsForAnotherConsumer() public {
        CountingConsumer other = consumerOf(verifier);
        uint256[] memory instances = honest();
        expectContextMismatch(instances[0], other.contextOf(ACCOUNT, NONCE, DEADLINE));
        other.use(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
        assertNothingHappened(other);
    }

    function testFuzz_RevertWhen_TheProofIsForAnotherChain(uint64 chain) public {
        vm.assume(chain != block.chainid && chain != 0);
        uint256[] memory instances = honest();
        vm.chainId(chain);
        expectContextMismatch(instances[0], consumer.contextOf(ACCOUNT, NONCE, DEADLINE));
        use(instances);
        assertNothingHappened(consumer);
    }

    /// @dev Even for a verifier that reduces instead of refusing: the context is compared as a word.
    function testFuzz_RevertWhen_TheContextIsAnAlias(uint256 multiple) public {
        uint256[] memory instances = honest();
        uint256 context = instances[0];
        instances[0] += bound(multiple, 1, 5) * FIELD_MODULUS;
        verifier.allow(PROOF, instances);
        expectContextMismatch(instances[0], context);
        use(instances);
    }

    function test_RevertWhen_TheContextIsNotTheFirstValue() public {
        uint256[] memory instances = honest();
        (instances[0], instances[1]) = (instances[1], instances[0]);
        verifier.allow(PROOF, instances);
        expectContextMismatch(instances[0], instances[1]);
        use(instances);
    }

    /*------------------------------------------------------------*/
    /* Senders                                                    */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_OnlyTheAccountMaySend(address sender) public {
        vm.assume(sender != ACCOUNT);
        uint256[] memory instances = honest();
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotAccount.selector, sender, ACCOUNT));
        vm.prank(sender);
        consumer.useOwn(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
        assertNothingHappened(consumer);

        vm.prank(ACCOUNT);
        consumer.useOwn(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
        assertEqual(consumer.usesOf(ACCOUNT), 1, "the account may");
    }

    /*------------------------------------------------------------*/
    /* Bad proofs                                                 */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_AnyBitOfTheProofIsFlipped(uint256 bit) public {
        uint256[] memory instances = honest();
        bytes memory spoilt = ProofMutations.flipBit(PROOF, bound(bit, 0, 8 * PROOF.length - 1));
        expectProofRejected(verifier);
        consumer.use(spoilt, instances, ACCOUNT, NONCE, DEADLINE);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnOutputIsChanged(uint256 index, uint256 value) public {
        uint256[] memory instances = honest();
        index = bound(index, 1, instances.length - 1);
        vm.assume(value != instances[index]);
        expectProofRejected(verifier);
        use(ProofMutations.replaceInstance(instances, index, value));
        assertNothingHappened(consumer);
    }

    /// @dev A refused proof costs no nonce: the honest one is accepted afterwards.
    function test_ARefusedProofLeavesTheNonceFree() public {
        uint256[] memory instances = honest();
        expectProofRejected(verifier);
        consumer.use("", instances, ACCOUNT, NONCE, DEADLINE);
        use(instances);
    }

    /// @dev Too little gas must never look like an answer.
    function testFuzz_RevertWhen_GasRunsOut(uint256 gasLimit) public {
        uint256[] memory instances = honest();
        bytes memory query = abi.encodeCall(consumer.use, (PROOF, instances, ACCOUNT, NONCE, DEADLINE));
        uint256 snapshot = vm.snapshotState();
        uint256 before = gasleft();
        use(instances);
        uint256 enough = before - gasleft();
        assertThat(vm.revertToState(snapshot), "back");

        (bool success,) = address(consumer).call{gas: bound(gasLimit, 0, enough)}(query);
        assertThat(success == consumer.isUsed(ACCOUNT, NONCE), "used if it succeeds, else not");
        assertEqual(consumer.uses(), success ? 1 : 0, "all or nothing");
        (success,) = address(consumer).call{gas: 40_000}(query);
        assertThat(!success, "far too little fails");
    }

    /*------------------------------------------------------------*/
    /* Hostile verifiers                                          */
    /*------------------------------------------------------------*/

    function test_RevertWhen_TheVerifierSaysNo() public {
        HostileVerifier.Mode[4] memory modes = [
            HostileVerifier.Mode.ReturnsFalse,
            HostileVerifier.Mode.Reverts,
            HostileVerifier.Mode.RevertsWithAMegabyte,
            HostileVerifier.Mode.BurnsAllGas
        ];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = hostile(modes[i]);
            CountingConsumer some = consumerOf(bad);
            uint256[] memory instances = instancesFor(some, ACCOUNT, NONCE, DEADLINE);
            expectProofRejected(bad);
            some.use{gas: 5_000_000}(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
            assertNothingHappened(some);
        }
    }

    function test_RevertWhen_TheAnswerIsNotABoolean() public {
        HostileVerifier.Mode[6] memory modes = [
            HostileVerifier.Mode.ReturnsNothing,
            HostileVerifier.Mode.ReturnsTwo,
            HostileVerifier.Mode.Returns31Bytes,
            HostileVerifier.Mode.Returns64Bytes,
            HostileVerifier.Mode.ReturnsAMegabyte,
            HostileVerifier.Mode.ReturnsAllOnes
        ];
        uint256[6] memory sizes = [uint256(0), 32, 31, 64, 1_048_576, 32];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = hostile(modes[i]);
            CountingConsumer some = consumerOf(bad);
            uint256[] memory instances = instancesFor(some, ACCOUNT, NONCE, DEADLINE);
            vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.MalformedVerifierAnswer.selector, bad, sizes[i]));
            some.use(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
            assertNothingHappened(some);
        }
    }

    /// @dev A megabyte of answer costs the verifier's own gas, not a copy by the consumer: copying
    /// would take some 2.2 million more.
    function test_AReturnBombIsNotCopied() public {
        HostileVerifier.Mode[2] memory modes =
            [HostileVerifier.Mode.ReturnsAMegabyte, HostileVerifier.Mode.RevertsWithAMegabyte];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = hostile(modes[i]);
            CountingConsumer some = consumerOf(bad);
            uint256[] memory instances = instancesFor(some, ACCOUNT, NONCE, DEADLINE);
            bytes memory query = abi.encodeCall(some.use, (PROOF, instances, ACCOUNT, NONCE, DEADLINE));
            uint256 before = gasleft();
            (bool success,) = address(some).call(query);
            uint256 spent = before - gasleft();
            assertThat(!success, "refused");
            assertThat(spent < 3_000_000, "the answer was not copied");
        }
    }

    function test_RevertWhen_TheCodeChangesLater() public {
        uint256[] memory instances = honest();
        bytes32 expected = address(verifier).codehash;
        // PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN: says true to everything.
        vm.etch(address(verifier), hex"600160005260206000f3");
        bytes32 found = address(verifier).codehash;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, verifier, found, expected));
        use(instances);
        vm.etch(address(verifier), "");
        found = address(verifier).codehash;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, verifier, found, expected));
        use(instances);
    }

    /// @dev Effects before interaction: whoever is called sees the nonce used.
    function test_TheNonceIsUsedBeforeTheVerifierIsAsked() public {
        IInferenceVerifier curious = reentrant(ReentrantVerifier.Question.IsTheNonceUsed);
        CountingConsumer some = consumerOf(curious);
        some.use(PROOF, instancesFor(some, ACCOUNT, NONCE, DEADLINE), ACCOUNT, NONCE, DEADLINE);
        assertEqual(some.uses(), 1, "the verifier answered that it is used");
    }

    /// @dev The verifier is called statically, so that nothing can be changed from inside it.
    function test_RevertWhen_TheVerifierReenters() public {
        ReentrantVerifier.Question[2] memory questions =
            [ReentrantVerifier.Question.CanTheInferenceBeUsedAgain, ReentrantVerifier.Question.CanANonceBeCancelled];
        for (uint256 i = 0; i < questions.length; ++i) {
            IInferenceVerifier bad = reentrant(questions[i]);
            CountingConsumer some = consumerOf(bad);
            uint256[] memory instances = instancesFor(some, ACCOUNT, NONCE, DEADLINE);
            expectProofRejected(bad);
            some.use{gas: 2_000_000}(PROOF, instances, ACCOUNT, NONCE, DEADLINE);
            assertNothingHappened(some);
        }
    }
}
