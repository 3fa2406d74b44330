// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelInfo} from "../generated/src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../generated/src/Verifier.sol";
import {InferenceFixture} from "../generated/test/fixtures/InferenceFixture.sol";
import {HostileVerifier} from "../support/HostileVerifier.sol";
import {OpenEnsemble} from "../support/OpenEnsemble.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {ReentrantVerifier} from "../support/ReentrantVerifier.sol";
import {ConsumerBase} from "hallmark/consumers/ConsumerBase.sol";
import {EnsembleConsumer} from "hallmark/consumers/EnsembleConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {FixedPoint} from "hallmark/libraries/FixedPoint.sol";
import {InferenceContext} from "hallmark/libraries/InferenceContext.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev Three members with ideal verifiers. Public values of member `i`: the context, then what
/// `ReentrantVerifier` reads, then its number.
contract EnsembleConsumerTest is HallmarkTest {
    bytes32 private constant SRS = keccak256("structured reference string");
    address private constant ACCOUNT = address(0xacc);
    uint256 private constant NONCE = 5;
    uint256 private constant DEADLINE = 1_000;
    uint256 private constant MEMBERS = 3;
    uint256 private constant OUTPUT = 4;

    event InferenceAccepted(bytes32 indexed nullifier, address indexed account, bytes32 indexed instancesHash);

    ProgrammableVerifier[] private verifiers;
    OpenEnsemble private consumer;

    function setUp() public {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            verifiers.push(new ProgrammableVerifier(keyOf(i), SRS));
        }
        consumer = new OpenEnsemble(members());
    }

    /*------------------------------------------------------------*/
    /* Helpers                                                    */
    /*------------------------------------------------------------*/

    function keyOf(uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode("verifying key", index));
    }

    function bitsOf(uint256 index) private pure returns (uint256) {
        return 8 * index;
    }

    function memberOf(IInferenceVerifier verifier, uint256 index)
        private
        view
        returns (EnsembleConsumer.Member memory)
    {
        return EnsembleConsumer.Member({
            verifier: verifier,
            codeHash: address(verifier).codehash,
            verifyingKeyId: keyOf(index),
            srsId: SRS,
            outputIndex: OUTPUT,
            fractionBits: bitsOf(index)
        });
    }

    function members() private view returns (EnsembleConsumer.Member[] memory made) {
        made = new EnsembleConsumer.Member[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            made[i] = memberOf(verifiers[i], i);
        }
    }

    /// @dev The ensemble with another verifier in one place.
    function ensembleWith(IInferenceVerifier verifier, uint256 index) private returns (OpenEnsemble) {
        EnsembleConsumer.Member[] memory some = members();
        some[index] = memberOf(verifier, index);
        return new OpenEnsemble(some);
    }

    /// @dev Proofs of all members, which the ideal verifiers then accept.
    function honestFor(OpenEnsemble where, address account, uint256 nonce, uint256 deadline)
        private
        returns (EnsembleConsumer.MemberProof[] memory proofs)
    {
        proofs = new EnsembleConsumer.MemberProof[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            uint256[] memory instances = new uint256[](5);
            instances[0] = InferenceContext.hash(block.chainid, address(where), account, nonce, deadline);
            (instances[1], instances[2], instances[3]) = (uint160(account), nonce, deadline);
            instances[OUTPUT] = 1_000 + i;
            proofs[i] = EnsembleConsumer.MemberProof(abi.encode("a proof of member", i), instances);
            verifiers[i].allow(proofs[i].proof, instances);
        }
    }

    function honest() private returns (EnsembleConsumer.MemberProof[] memory) {
        return honestFor(consumer, ACCOUNT, NONCE, DEADLINE);
    }

    function use(EnsembleConsumer.MemberProof[] memory proofs) private returns (bytes32) {
        return consumer.use(proofs, ACCOUNT, NONCE, DEADLINE);
    }

    function assertNothingHappened(OpenEnsemble where) private view {
        assertEqual(where.uses(), 0, "nothing was used");
        assertThat(!where.isUsed(ACCOUNT, NONCE), "the nonce is free");
    }

    function expectContextMismatch(uint256 found, uint256 expected) private {
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ContextMismatch.selector, found, expected));
    }

    function expectAlreadyUsed() private {
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
    }

    /*------------------------------------------------------------*/
    /* Construction                                               */
    /*------------------------------------------------------------*/

    function test_PinsWhatItWasGiven() public view {
        assertEqual(consumer.MEMBERS(), MEMBERS, "members");
        for (uint256 i = 0; i < MEMBERS; ++i) {
            bytes memory found = abi.encode(consumer.memberAt(i));
            assertEqual(found, abi.encode(memberOf(verifiers[i], i)), "member");
        }
    }

    function test_RevertWhen_ThereIsNoSuchMember() public {
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.NoSuchMember.selector, MEMBERS, MEMBERS));
        consumer.memberAt(MEMBERS);
    }

    function many(uint256 count) private returns (EnsembleConsumer.Member[] memory some) {
        some = new EnsembleConsumer.Member[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = memberOf(new ProgrammableVerifier(keyOf(i), SRS), i);
            some[i].fractionBits = i;
        }
    }

    function test_TakesFromTwoToSixteenMembers() public {
        assertEqual(new OpenEnsemble(many(2)).MEMBERS(), 2, "two");
        assertEqual(new OpenEnsemble(many(16)).MEMBERS(), 16, "sixteen");
        uint256[3] memory counts = [uint256(0), 1, 17];
        for (uint256 i = 0; i < counts.length; ++i) {
            EnsembleConsumer.Member[] memory some = many(counts[i]);
            vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.WrongMemberCount.selector, counts[i], 2, 16));
            new OpenEnsemble(some);
        }
    }

    /// @dev Wherever they stand, and even when they are deployed twice.
    function testFuzz_RevertWhen_TwoMembersAreOneModel(uint256 first, uint256 second) public {
        EnsembleConsumer.Member[] memory some = many(5);
        second = bound(second, 1, 4);
        first = bound(first, 0, second - 1);
        some[second].verifier = new ProgrammableVerifier(keyOf(first), SRS);
        some[second].codeHash = address(some[second].verifier).codehash;
        some[second].verifyingKeyId = keyOf(first);
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.DuplicateMember.selector, first, second, keyOf(first)));
        new OpenEnsemble(some);
    }

    function testFuzz_RevertWhen_AMembersVerifierIsNotTheOneThatWasMeant(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.Member[] memory some = members();
        bytes32 other = keccak256("another");
        IInferenceVerifier verifier = some[index].verifier;

        some[index].codeHash = other;
        bytes4 selector = PinnedVerifier.VerifierCodeMismatch.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, verifier, address(verifier).codehash, other));
        new OpenEnsemble(some);

        some = members();
        some[index].verifyingKeyId = other;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifyingKeyMismatch.selector, keyOf(index), other));
        new OpenEnsemble(some);

        some = members();
        some[index].srsId = other;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, SRS, other));
        new OpenEnsemble(some);

        some = members();
        some[index].verifier = IInferenceVerifier(address(0xdead));
        some[index].codeHash = address(0xdead).codehash;
        vm.expectRevert(abi.encodeWithSelector(selector, address(0xdead), some[index].codeHash, some[index].codeHash));
        new OpenEnsemble(some);
    }

    function testFuzz_RevertWhen_AMembersOutputMakesNoSense(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.Member[] memory some = members();
        some[index].outputIndex = 0;
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.BadOutput.selector, index, 0, bitsOf(index)));
        new OpenEnsemble(some);
        some = members();
        some[index].fractionBits = 121;
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.BadOutput.selector, index, OUTPUT, 121));
        new OpenEnsemble(some);
    }

    /*------------------------------------------------------------*/
    /* Accepted                                                   */
    /*------------------------------------------------------------*/

    function test_AcceptsOnceAndSaysSo() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        bytes32 hash = keccak256(
            abi.encodePacked(
                keccak256(abi.encodePacked(proofs[0].instances)),
                keccak256(abi.encodePacked(proofs[1].instances)),
                keccak256(abi.encodePacked(proofs[2].instances))
            )
        );
        vm.expectEmit(true, true, true, true, address(consumer));
        emit InferenceAccepted(nullifier, ACCOUNT, hash);
        assertEqual(use(proofs), nullifier, "returned nullifier");
        assertThat(consumer.isUsed(ACCOUNT, NONCE), "used");
        assertEqual(consumer.uses(), 1, "one state change for all members");
        expectAlreadyUsed();
        use(proofs);
        assertEqual(consumer.uses(), 1, "still one");
    }

    function test_AsksEveryMember() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        for (uint256 i = 0; i < MEMBERS; ++i) {
            bytes memory query = abi.encodeCall(IInferenceVerifier.verifyProof, (proofs[i].proof, proofs[i].instances));
            vm.expectCall(address(verifiers[i]), query);
        }
        use(proofs);
    }

    function test_AcceptsUntilTheDeadlineAndAtIt() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.warp(DEADLINE);
        use(proofs);
    }

    function testFuzz_AnyoneMayRelayForTheAccount(address relayer) public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.prank(relayer);
        use(proofs);
        assertEqual(consumer.usesOf(ACCOUNT), 1, "for the account");
        assertThat(relayer == ACCOUNT || consumer.usesOf(relayer) == 0, "not for the relayer");
    }

    function testFuzz_OutputsHaveTheirOwnFractionBits(int128[3] memory numbers) public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        for (uint256 i = 0; i < MEMBERS; ++i) {
            proofs[i].instances[OUTPUT] = FixedPoint.toWord(numbers[i] / 2);
        }
        Wad[] memory outputs = consumer.outputs(proofs);
        assertEqual(outputs.length, MEMBERS, "one of each");
        for (uint256 i = 0; i < MEMBERS; ++i) {
            int256 expected = int256(numbers[i] / 2) * 1e18;
            int256 divisor = int256(1) << bitsOf(i);
            int256 quotient = expected / divisor;
            if (expected < 0 && expected % divisor != 0) --quotient;
            assertEqual(Wad.unwrap(outputs[i]), quotient, "as many bits as the member has");
        }
    }

    /*------------------------------------------------------------*/
    /* Replay                                                     */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_TheNonceIsUsedByOtherValidProofs(uint256 otherDeadline) public {
        use(honest());
        otherDeadline = bound(otherDeadline, block.timestamp, type(uint256).max);
        EnsembleConsumer.MemberProof[] memory proofs = honestFor(consumer, ACCOUNT, NONCE, otherDeadline);
        expectAlreadyUsed();
        consumer.use(proofs, ACCOUNT, NONCE, otherDeadline);
    }

    function test_RevertWhen_TheNonceWasCancelled() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.prank(ACCOUNT);
        consumer.cancelNonce(NONCE);
        expectAlreadyUsed();
        use(proofs);
        assertEqual(consumer.uses(), 0, "no state change");
    }

    /*------------------------------------------------------------*/
    /* Context                                                    */
    /*------------------------------------------------------------*/

    function test_RevertWhen_TheProofsHaveExpired() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ProofExpired.selector, DEADLINE, DEADLINE + 1));
        use(proofs);
        assertNothingHappened(consumer);
    }

    /// @dev One member's proof is for another inference, whatever it is that differs.
    function testFuzz_RevertWhen_OneProofIsForAnotherInference(uint256 index, uint256 kind, uint64 seed) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        uint256 expected = proofs[index].instances[0];
        EnsembleConsumer.MemberProof[] memory other;
        kind = kind % 5;
        uint256 different = 1 + uint256(seed);
        address stranger = address(uint160(ACCOUNT) + 1 + uint160(seed));
        if (kind == 0) other = honestFor(consumer, stranger, NONCE, DEADLINE);
        if (kind == 1) other = honestFor(consumer, ACCOUNT, NONCE + different, DEADLINE);
        if (kind == 2) other = honestFor(consumer, ACCOUNT, NONCE, DEADLINE + different);
        if (kind == 3) other = honestFor(new OpenEnsemble(members()), ACCOUNT, NONCE, DEADLINE);
        if (kind == 4) {
            uint256 chain = block.chainid;
            vm.chainId(chain + 1 + different % 1_000);
            other = honest();
            vm.chainId(chain);
        }
        proofs[index] = other[index];
        expectContextMismatch(other[index].instances[0], expected);
        use(proofs);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnotherAccountIsClaimed(address thief) public {
        vm.assume(thief != ACCOUNT);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        expectContextMismatch(proofs[0].instances[0], consumer.contextOf(thief, NONCE, DEADLINE));
        vm.prank(thief);
        consumer.use(proofs, thief, NONCE, DEADLINE);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_TheProofsAreForAnotherChain(uint64 chain) public {
        vm.assume(chain != block.chainid && chain != 0);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.chainId(chain);
        expectContextMismatch(proofs[0].instances[0], consumer.contextOf(ACCOUNT, NONCE, DEADLINE));
        use(proofs);
        assertNothingHappened(consumer);
    }

    /// @dev Even for verifiers that reduce instead of refusing.
    function testFuzz_RevertWhen_AContextIsAnAlias(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        uint256 context = proofs[index].instances[0];
        proofs[index].instances[0] += FIELD_MODULUS;
        verifiers[index].allow(proofs[index].proof, proofs[index].instances);
        expectContextMismatch(context + FIELD_MODULUS, context);
        use(proofs);
    }

    function testFuzz_RevertWhen_AContextIsMissing(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        proofs[index].instances = new uint256[](0);
        verifiers[index].allow(proofs[index].proof, proofs[index].instances);
        vm.expectRevert(ConsumerBase.ContextMissing.selector);
        use(proofs);
    }

    /*------------------------------------------------------------*/
    /* Bad proofs                                                 */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_ThereIsNotOneProofForEachMember(uint256 count) public {
        count = bound(count, 0, 2 * MEMBERS);
        vm.assume(count != MEMBERS);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        EnsembleConsumer.MemberProof[] memory some = new EnsembleConsumer.MemberProof[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = proofs[i % MEMBERS];
        }
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.WrongProofCount.selector, count, MEMBERS));
        use(some);
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.WrongProofCount.selector, count, MEMBERS));
        consumer.outputs(some);
        assertNothingHappened(consumer);
    }

    /// @dev One good proof does not serve for two members.
    function testFuzz_RevertWhen_MembersAreExchanged(uint256 first, uint256 second) public {
        first = bound(first, 0, MEMBERS - 1);
        second = bound(second, 0, MEMBERS - 1);
        vm.assume(first != second);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        proofs[first] = proofs[second];
        expectProofRejected(verifiers[first]);
        use(proofs);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnyBitOfAnyProofIsFlipped(uint256 index, uint256 bit) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        bytes memory proof = proofs[index].proof;
        proofs[index].proof = ProofMutations.flipBit(proof, bound(bit, 0, 8 * proof.length - 1));
        expectProofRejected(verifiers[index]);
        use(proofs);
        assertNothingHappened(consumer);
    }

    function testFuzz_RevertWhen_AnyOutputIsChanged(uint256 index, uint256 place, uint256 value) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        place = bound(place, 1, OUTPUT);
        vm.assume(proofs[index].instances[place] != value);
        proofs[index].instances = ProofMutations.replaceInstance(proofs[index].instances, place, value);
        expectProofRejected(verifiers[index]);
        use(proofs);
        assertNothingHappened(consumer);
    }

    /// @dev Refused proofs cost no nonce.
    function test_ARefusedInferenceLeavesTheNonceFree() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        bytes memory good = proofs[MEMBERS - 1].proof;
        proofs[MEMBERS - 1].proof = "";
        expectProofRejected(verifiers[MEMBERS - 1]);
        use(proofs);
        proofs[MEMBERS - 1].proof = good;
        use(proofs);
    }

    /// @dev Too little gas must never look like an answer.
    function testFuzz_RevertWhen_GasRunsOut(uint256 gasLimit) public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        bytes memory query = abi.encodeCall(consumer.use, (proofs, ACCOUNT, NONCE, DEADLINE));
        (bool success,) = address(consumer).call{gas: bound(gasLimit, 0, 200_000)}(query);
        assertThat(success == consumer.isUsed(ACCOUNT, NONCE), "used if it succeeds, else not");
        assertEqual(consumer.uses(), success ? 1 : 0, "all or nothing");
        (success,) = address(consumer).call{gas: 60_000}(query);
        assertThat(!success, "far too little fails");
    }

    /*------------------------------------------------------------*/
    /* Values that members share                                  */
    /*------------------------------------------------------------*/

    function test_MembersThatPublishTheirInputCanBeCompared() public {
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        consumer.requireSameValues(proofs, 1, 3);
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.ValuesDiffer.selector, 1, OUTPUT, 1_001, 1_000));
        consumer.requireSameValues(proofs, 1, 4);
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.ValueMissing.selector, 0, OUTPUT + 1, OUTPUT + 1));
        consumer.requireSameValues(proofs, OUTPUT + 1, 1);
    }

    function testFuzz_RevertWhen_AMembersInputDiffers(uint256 index, uint256 place, uint256 value) public {
        index = bound(index, 0, MEMBERS - 1);
        place = bound(place, 1, 3);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        vm.assume(proofs[index].instances[place] != value);
        proofs[index].instances[place] = value;
        vm.expectPartialRevert(EnsembleConsumer.ValuesDiffer.selector);
        consumer.requireSameValues(proofs, 1, 3);
    }

    function testFuzz_RevertWhen_AMemberHasNoSuchOutput(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        proofs[index].instances = ProofMutations.dropInstance(proofs[index].instances);
        vm.expectRevert(abi.encodeWithSelector(EnsembleConsumer.ValueMissing.selector, index, OUTPUT, OUTPUT));
        consumer.outputs(proofs);
    }

    /*------------------------------------------------------------*/
    /* Hostile verifiers                                          */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_AnyMemberSaysNo(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        HostileVerifier.Mode[4] memory modes = [
            HostileVerifier.Mode.ReturnsFalse,
            HostileVerifier.Mode.Reverts,
            HostileVerifier.Mode.RevertsWithAMegabyte,
            HostileVerifier.Mode.BurnsAllGas
        ];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = IInferenceVerifier(address(new HostileVerifier(modes[i], keyOf(index), SRS)));
            OpenEnsemble some = ensembleWith(bad, index);
            EnsembleConsumer.MemberProof[] memory proofs = honestFor(some, ACCOUNT, NONCE, DEADLINE);
            expectProofRejected(bad);
            some.use{gas: 5_000_000}(proofs, ACCOUNT, NONCE, DEADLINE);
            assertNothingHappened(some);
        }
    }

    function testFuzz_RevertWhen_AnyAnswerIsNotABoolean(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        HostileVerifier.Mode[4] memory modes = [
            HostileVerifier.Mode.ReturnsNothing,
            HostileVerifier.Mode.ReturnsTwo,
            HostileVerifier.Mode.Returns31Bytes,
            HostileVerifier.Mode.Returns64Bytes
        ];
        uint256[4] memory sizes = [uint256(0), 32, 31, 64];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = IInferenceVerifier(address(new HostileVerifier(modes[i], keyOf(index), SRS)));
            OpenEnsemble some = ensembleWith(bad, index);
            EnsembleConsumer.MemberProof[] memory proofs = honestFor(some, ACCOUNT, NONCE, DEADLINE);
            vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.MalformedVerifierAnswer.selector, bad, sizes[i]));
            some.use(proofs, ACCOUNT, NONCE, DEADLINE);
            assertNothingHappened(some);
        }
    }

    function testFuzz_RevertWhen_AnyMembersCodeChangesLater(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        EnsembleConsumer.MemberProof[] memory proofs = honest();
        address verifier = address(verifiers[index]);
        bytes32 expected = verifier.codehash;
        // PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN: says true to everything.
        vm.etch(verifier, hex"600160005260206000f3");
        bytes32 found = verifier.codehash;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, verifier, found, expected));
        use(proofs);
    }

    /// @dev Effects before interaction: whoever is called sees the nonce used.
    function testFuzz_TheNonceIsUsedBeforeAnyVerifierIsAsked(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        ReentrantVerifier.Question question = ReentrantVerifier.Question.IsTheNonceUsed;
        address curious = address(new ReentrantVerifier(question, keyOf(index), SRS));
        OpenEnsemble some = ensembleWith(IInferenceVerifier(curious), index);
        some.use(honestFor(some, ACCOUNT, NONCE, DEADLINE), ACCOUNT, NONCE, DEADLINE);
        assertEqual(some.uses(), 1, "the verifier answered that it is used");
    }

    /// @dev Verifiers are called statically, so that nothing can be changed from inside one.
    function testFuzz_RevertWhen_AVerifierReenters(uint256 index) public {
        index = bound(index, 0, MEMBERS - 1);
        ReentrantVerifier.Question question = ReentrantVerifier.Question.CanANonceBeCancelled;
        IInferenceVerifier bad = IInferenceVerifier(address(new ReentrantVerifier(question, keyOf(index), SRS)));
        OpenEnsemble some = ensembleWith(bad, index);
        EnsembleConsumer.MemberProof[] memory proofs = honestFor(some, ACCOUNT, NONCE, DEADLINE);
        expectProofRejected(bad);
        some.use{gas: 2_000_000}(proofs, ACCOUNT, NONCE, DEADLINE);
        assertNothingHappened(some);
    }
}

/// @dev With a real circuit's proof as one of the members, in every place.
contract RealEnsembleTest is HallmarkTest {
    ProgrammableVerifier private ideal;
    IInferenceVerifier private verifier;
    uint256[] private idealInstances;

    function setUp() public {
        vm.chainId(InferenceFixture.CHAIN_ID);
        ideal = new ProgrammableVerifier("key", "srs");
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        idealInstances = [InferenceFixture.context(), 7];
        ideal.allow("proof", idealInstances);
    }

    function ensemble(uint256 place) private returns (OpenEnsemble) {
        EnsembleConsumer.Member[] memory members = new EnsembleConsumer.Member[](2);
        members[place] = EnsembleConsumer.Member({
            verifier: verifier,
            codeHash: keccak256(type(DevOnlyHalo2Verifier).runtimeCode),
            verifyingKeyId: ModelInfo.VERIFYING_KEY_ID,
            srsId: ModelInfo.SRS_ID,
            outputIndex: ModelInfo.OUTPUT_0_FIRST,
            fractionBits: ModelInfo.OUTPUT_0_FRACTION_BITS
        });
        members[1 - place] = EnsembleConsumer.Member(ideal, address(ideal).codehash, "key", "srs", 1, 0);
        bytes memory creation = abi.encodePacked(type(OpenEnsemble).creationCode, abi.encode(members));
        return OpenEnsemble(deployAt(InferenceFixture.CONSUMER, creation));
    }

    function proofsAt(uint256 place) private view returns (EnsembleConsumer.MemberProof[] memory proofs) {
        proofs = new EnsembleConsumer.MemberProof[](2);
        proofs[place] = EnsembleConsumer.MemberProof(InferenceFixture.proof(), InferenceFixture.instances());
        proofs[1 - place] = EnsembleConsumer.MemberProof("proof", idealInstances);
    }

    function use(OpenEnsemble consumer, EnsembleConsumer.MemberProof[] memory proofs) private {
        consumer.use(proofs, InferenceFixture.ACCOUNT, InferenceFixture.NONCE, InferenceFixture.DEADLINE);
    }

    function testFuzz_AcceptsTheRealProofOnce(bool last) public {
        uint256 place = last ? 1 : 0;
        OpenEnsemble consumer = ensemble(place);
        EnsembleConsumer.MemberProof[] memory proofs = proofsAt(place);
        use(consumer, proofs);
        assertEqual(consumer.usesOf(InferenceFixture.ACCOUNT), 1, "one state change");
        Wad[] memory outputs = consumer.outputs(proofs);
        assertEqual(Wad.unwrap(outputs[place]), InferenceFixture.circuitOutputs()[0], "the model's output");
        assertEqual(Wad.unwrap(outputs[1 - place]), int256(7e18), "and the other's");
        vm.expectPartialRevert(ConsumerBase.InferenceAlreadyUsed.selector);
        use(consumer, proofs);
    }

    function testFuzz_RevertWhen_TheRealProofIsSpoilt(bool last, uint256 bit) public {
        uint256 place = last ? 1 : 0;
        OpenEnsemble consumer = ensemble(place);
        EnsembleConsumer.MemberProof[] memory proofs = proofsAt(place);
        bytes memory proof = proofs[place].proof;
        proofs[place].proof = ProofMutations.flipBit(proof, bound(bit, 0, 8 * proof.length - 1));
        expectProofRejected(verifier);
        use(consumer, proofs);
    }

    function testFuzz_RevertWhen_TheRealOutputIsChanged(bool last, uint256 value) public {
        uint256 place = last ? 1 : 0;
        OpenEnsemble consumer = ensemble(place);
        EnsembleConsumer.MemberProof[] memory proofs = proofsAt(place);
        vm.assume(value != proofs[place].instances[1]);
        proofs[place].instances[1] = value;
        expectProofRejected(verifier);
        use(consumer, proofs);
    }
}

/// @dev Everything that an attacker can do to an ensemble, and the book that an honest observer keeps.
contract EnsembleHandler is HallmarkTest {
    struct Statement {
        EnsembleConsumer.MemberProof[] proofs;
        address account;
        uint256 nonce;
        uint256 deadline;
    }

    OpenEnsemble private immutable CONSUMER;

    ProgrammableVerifier[] private _verifiers;
    /// @dev Encoded: structures with arrays of structures cannot be copied to storage.
    bytes[] private _statements;
    mapping(address account => mapping(uint256 nonce => uint256)) public accepted;
    mapping(address account => mapping(uint256 nonce => bool)) public cancelled;
    uint256 public acceptedInAll;

    constructor(OpenEnsemble consumer, ProgrammableVerifier[] memory verifiers) {
        CONSUMER = consumer;
        _verifiers = verifiers;
    }

    function accountOf(uint256 seed) public pure returns (address) {
        // At most 0xacc2.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0xacc0 + seed % 3));
    }

    function pick(uint256 seed) private view returns (Statement memory) {
        return abi.decode(_statements[seed % _statements.length], (Statement));
    }

    function send(address sender, Statement memory s) private returns (bool success) {
        vm.prank(sender);
        try CONSUMER.use(s.proofs, s.account, s.nonce, s.deadline) {
            success = true;
            ++accepted[s.account][s.nonce];
            ++acceptedInAll;
        } catch {}
    }

    /// @dev An honest prover makes the proofs of all members.
    function issue(uint256 account, uint256 nonce, uint256 deadline, uint256 output) external {
        Statement memory s;
        s.account = accountOf(account);
        s.nonce = nonce % 4;
        s.deadline = block.timestamp + deadline % 100;
        s.proofs = new EnsembleConsumer.MemberProof[](_verifiers.length);
        for (uint256 i = 0; i < _verifiers.length; ++i) {
            uint256[] memory instances = new uint256[](2);
            instances[0] = CONSUMER.contextOf(s.account, s.nonce, s.deadline);
            instances[1] = output % 3;
            bytes memory proof = abi.encodePacked("proof", i, keccak256(abi.encode(instances)));
            _verifiers[i].allow(proof, instances);
            s.proofs[i] = EnsembleConsumer.MemberProof(proof, instances);
        }
        _statements.push(abi.encode(s));
    }

    function relay(uint256 index, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        // The clock here is the test's own.
        // forge-lint: disable-next-line(block-timestamp)
        bool due = s.deadline >= block.timestamp;
        bool expected = due && accepted[s.account][s.nonce] == 0 && !cancelled[s.account][s.nonce];
        assertThat(send(sender, s) == expected, "accepted when it should be, and only then");
    }

    /// @dev One member's proof is of another inference.
    function mix(uint256 index, uint256 other, uint256 member, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        Statement memory donor = pick(other);
        member %= _verifiers.length;
        if (s.proofs[member].instances[0] == donor.proofs[member].instances[0]) return;
        s.proofs[member] = donor.proofs[member];
        assertThat(!send(sender, s), "inferences do not mix");
    }

    /// @dev One member's proof stands in for another's.
    function exchange(uint256 index, uint256 member, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        uint256 next = (member % _verifiers.length + 1) % _verifiers.length;
        s.proofs[member % _verifiers.length] = s.proofs[next];
        assertThat(!send(sender, s), "nor do members");
    }

    function mutate(uint256 index, uint256 member, uint256 seed, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        EnsembleConsumer.MemberProof memory one = s.proofs[member % _verifiers.length];
        if (seed % 2 == 0) one.proof = ProofMutations.flipBit(one.proof, (seed >> 1) % (8 * one.proof.length));
        else one.instances = ProofMutations.addModulus(one.instances, (seed >> 1) % 2);
        assertThat(!send(sender, s), "a spoilt proof is refused");
    }

    function cancel(uint256 account, uint256 nonce) external {
        (address who, uint256 which) = (accountOf(account), nonce % 4);
        if (accepted[who][which] != 0 || cancelled[who][which]) return;
        vm.prank(who);
        CONSUMER.cancelNonce(which);
        cancelled[who][which] = true;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % 60);
    }
}

/// @dev One accepted inference of all members, one state change.
contract EnsembleInvariant is HallmarkTest {
    OpenEnsemble private consumer;
    EnsembleHandler private handler;

    function setUp() public {
        EnsembleConsumer.Member[] memory members = new EnsembleConsumer.Member[](3);
        ProgrammableVerifier[] memory verifiers = new ProgrammableVerifier[](3);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 key = bytes32(i);
            verifiers[i] = new ProgrammableVerifier(key, "srs");
            bytes32 codeHash = address(verifiers[i]).codehash;
            members[i] = EnsembleConsumer.Member(verifiers[i], codeHash, key, "srs", 1, 0);
        }
        consumer = new OpenEnsemble(members);
        handler = new EnsembleHandler(consumer, verifiers);
    }

    /// @dev Forge asks which contracts to call.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_OneAcceptedInferenceIsOneStateChange() public view {
        assertEqual(consumer.uses(), handler.acceptedInAll(), "state changes");
        for (uint256 i = 0; i < 3; ++i) {
            address account = handler.accountOf(i);
            uint256 times = 0;
            for (uint256 nonce = 0; nonce < 4; ++nonce) {
                uint256 once = handler.accepted(account, nonce);
                times += once;
                assertThat(once <= 1, "a nonce is accepted once");
                assertThat(
                    consumer.isUsed(account, nonce) == (once == 1 || handler.cancelled(account, nonce)), "used up"
                );
            }
            assertEqual(consumer.usesOf(account), times, "state changes of an account");
        }
    }
}
