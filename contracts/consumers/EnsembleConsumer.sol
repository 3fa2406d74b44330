// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {FixedPoint} from "../libraries/FixedPoint.sol";
import {InferenceContext} from "../libraries/InferenceContext.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";
import {Wad} from "../types/Wad.sol";
import {ConsumerBase} from "./ConsumerBase.sol";

/// @title Base of contracts that act on a verified inference of several models, fixed for ever
/// @notice Pins the verifier of each member by address and code, and accepts an inference only with one
/// proof of each member, all of them bound to the same account, nonce and deadline. One such inference
/// uses one nonce and has one effect. Call `_acceptAll` before acting on public values, and `_outputs`
/// for the members' numbers; `Aggregation` makes one number of them.
///
/// What N verified proofs mean here: each committed circuit maps *some* input to its public values, and
/// whoever made the proofs meant them for this chain, this contract, and the account, nonce and deadline
/// that were checked.
///
/// **Inputs.** They are private, hence nothing says that all members were run on the same input. Who
/// makes the proofs can choose another input for each member, and so push each output separately: an
/// ensemble evens out the errors of its models, it does not make a dishonest prover weaker. There are two
/// ways out. Either what the inputs are is settled elsewhere: the prover is trusted for them, answers for
/// them with a stake, or they are signed and can be checked by everybody who reruns the models in time to
/// object. Or the models publish their inputs: a model that hands its input on as a further output (an
/// `Identity` in the graph) has it among its public values, where `_requireSameValues` compares it and
/// where the derived contract can compare it with what it knows. The input is then public, and the
/// members must be built with the same fraction bits for it.
///
/// **Members.** Two members with one verifying key would be one model counted twice, and one proof would
/// serve for both; they are refused. Different keys do not say that the models are independent: the same
/// weights built with another scale have another key. Look at the members before trusting an ensemble.
///
/// **Availability.** All members are needed. One that nobody can prove any more (its model file or its
/// proving key is lost) stops the ensemble: give derived contracts a way out that needs no proof.
///
/// What an inference is bound to, and why, is explained in `ConsumerBase`.
abstract contract EnsembleConsumer is ConsumerBase {
    /// @notice A model of the ensemble, and where its number is.
    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code, from the build.
    /// @param verifyingKeyId The verifying key of the model.
    /// @param srsId The structured reference string that the deployer trusts.
    /// @param outputIndex Which of the model's public values is aggregated.
    /// @param fractionBits Fraction bits of that value.
    struct Member {
        IInferenceVerifier verifier;
        bytes32 codeHash;
        bytes32 verifyingKeyId;
        bytes32 srsId;
        uint256 outputIndex;
        uint256 fractionBits;
    }

    /// @notice What is sent for a member.
    /// @param proof The proof.
    /// @param instances Its public values: the context, then the outputs.
    struct MemberProof {
        bytes proof;
        uint256[] instances;
    }

    /// @notice Fewest members: with one, `InferenceConsumer` does.
    uint256 public constant FEWEST_MEMBERS = 2;

    /// @notice Most members: so many proofs still fit into a block.
    uint256 public constant MOST_MEMBERS = 16;

    /// @notice How many members there are, fixed for ever.
    uint256 public immutable MEMBERS;

    /// @dev Written by the constructor only. Immutable variables cannot be arrays.
    Member[] private _members;

    /// @notice Too few members, or too many.
    error WrongMemberCount(uint256 count, uint256 fewest, uint256 most);

    /// @notice Two members are the same model.
    error DuplicateMember(uint256 first, uint256 second, bytes32 verifyingKeyId);

    /// @notice The member's output is the context, or no tensor has so many fraction bits.
    error BadOutput(uint256 index, uint256 outputIndex, uint256 fractionBits);

    /// @notice Not one proof for each member.
    error WrongProofCount(uint256 count, uint256 expected);

    /// @notice The member has no such public value.
    error ValueMissing(uint256 index, uint256 valueIndex, uint256 count);

    /// @notice Members that should have the same public value differ.
    error ValuesDiffer(uint256 index, uint256 valueIndex, uint256 found, uint256 expected);

    /// @notice There is no member of this number.
    error NoSuchMember(uint256 index, uint256 count);

    /// @notice Checks and pins the verifier of each member.
    /// @param members The members, in the order in which their proofs will be sent.
    constructor(Member[] memory members) {
        if (members.length < FEWEST_MEMBERS || members.length > MOST_MEMBERS) {
            revert WrongMemberCount(members.length, FEWEST_MEMBERS, MOST_MEMBERS);
        }
        MEMBERS = members.length;
        for (uint256 i = 0; i < members.length; ++i) {
            Member memory member = members[i];
            for (uint256 j = 0; j < i; ++j) {
                if (members[j].verifyingKeyId == member.verifyingKeyId) {
                    revert DuplicateMember(j, i, member.verifyingKeyId);
                }
            }
            bool isOutput = member.outputIndex > InferenceContext.INDEX;
            if (!isOutput || member.fractionBits > FixedPoint.MAX_FRACTION_BITS) {
                revert BadOutput(i, member.outputIndex, member.fractionBits);
            }
            PinnedVerifier.requireIdentity(member.verifier, member.codeHash, member.verifyingKeyId, member.srsId);
            _members.push(member);
        }
    }

    /// @notice A member.
    /// @param index Its number, counted from zero.
    function memberAt(uint256 index) external view returns (Member memory) {
        if (index >= MEMBERS) revert NoSuchMember(index, MEMBERS);
        return _members[index];
    }

    /*------------------------------------------------------------*/
    /* For derived contracts                                      */
    /*------------------------------------------------------------*/

    /// @dev Verifies one proof of each member and uses the inference up, once for all of them. The nonce
    /// is marked before any verifier is called, and everything is undone if any of it fails. After this
    /// returns, the public values are those of the members for `account`, each on some input.
    /// @param proofs One for each member, in their order.
    /// @param account The account that the caller will act for.
    /// @param nonce The nonce that all proofs were made with.
    /// @param deadline The deadline that all proofs were made with.
    /// @return nullifier What the inference is remembered under.
    function _acceptAll(MemberProof[] calldata proofs, address account, uint256 nonce, uint256 deadline)
        internal
        returns (bytes32 nullifier)
    {
        if (proofs.length != MEMBERS) revert WrongProofCount(proofs.length, MEMBERS);
        _requireDue(deadline);
        uint256 context = contextOf(account, nonce, deadline);
        for (uint256 i = 0; i < proofs.length; ++i) {
            _requireContext(proofs[i].instances, context);
        }
        nullifier = _use(account, nonce);
        bytes32[] memory hashes = new bytes32[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            MemberProof calldata sent = proofs[i];
            Member storage member = _members[i];
            PinnedVerifier.requireValid(member.verifier, member.codeHash, sent.proof, sent.instances);
            hashes[i] = keccak256(abi.encodePacked(sent.instances));
        }
        emit InferenceAccepted(nullifier, account, keccak256(abi.encodePacked(hashes)));
    }

    /// @dev The members' numbers, each with the member's own fraction bits. Worth something only after
    /// `_acceptAll` of the same proofs.
    /// @param proofs One for each member, in their order.
    /// @return outputs The numbers, in the same order.
    function _outputs(MemberProof[] calldata proofs) internal view returns (Wad[] memory outputs) {
        if (proofs.length != MEMBERS) revert WrongProofCount(proofs.length, MEMBERS);
        outputs = new Wad[](proofs.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            Member storage member = _members[i];
            uint256 word = _valueOf(proofs[i].instances, i, member.outputIndex);
            outputs[i] = FixedPoint.decode(word, member.fractionBits);
        }
    }

    /// @dev Reverts unless all members have the same public values in `count` places from `first` on: for
    /// models that publish their input. Words are compared, so the members must have been built with the
    /// same fraction bits for them. Worth something only after `_acceptAll` of the same proofs.
    /// @param proofs One for each member.
    /// @param first Index of the first of these public values, in every member.
    /// @param count How many there are.
    function _requireSameValues(MemberProof[] calldata proofs, uint256 first, uint256 count) internal pure {
        for (uint256 place = first; place < first + count; ++place) {
            for (uint256 i = 0; i < proofs.length; ++i) {
                uint256 found = _valueOf(proofs[i].instances, i, place);
                uint256 expected = proofs[0].instances[place];
                if (found != expected) revert ValuesDiffer(i, place, found, expected);
            }
        }
    }

    /*------------------------------------------------------------*/
    /* Details                                                    */
    /*------------------------------------------------------------*/

    function _valueOf(uint256[] calldata instances, uint256 index, uint256 place) private pure returns (uint256) {
        if (place >= instances.length) revert ValueMissing(index, place, instances.length);
        return instances[place];
    }
}
