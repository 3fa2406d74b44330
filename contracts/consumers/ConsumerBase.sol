// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {InferenceContext} from "../libraries/InferenceContext.sol";

/// @title What all consumers of inferences share
/// @notice Accepts an inference for the account it was made for, once, before its deadline. Who
/// verifies it is up to `InferenceConsumer`, `RegistryConsumer` and, for several models at once,
/// `EnsembleConsumer`: inherit from one of these, and call `_accept` or `_acceptAll` before acting on
/// public values.
///
/// What a verified proof means here: the committed circuit maps *some* input to these public values,
/// and whoever made the proof meant it for this chain, this contract, and the account, nonce and
/// deadline that were checked. It does not say that the model is right or that its input is
/// authentic.
///
/// **Replay.** An accepted inference is remembered under
/// `keccak256(DOMAIN, chain id, this contract, account, nonce)`. It is deliberately not remembered
/// under a hash of the proof: a proof is one of many for the same statement, anybody who holds the
/// witness makes another in a second, and a proof system may let even a stranger derive one. Nor is
/// it remembered under a hash of the public values: two honest inferences may have the same outputs.
/// The nonce is inside the proof, so it can be neither changed nor left out, and an account picks
/// nonces in any order.
///
/// **Theft.** Anybody may send a proof that is for somebody else: the effect belongs to `account`,
/// which is inside the proof, and not to whoever sends it. A proof copied from the mempool thus does
/// for its owner what the owner wanted, at the copyist's expense. This holds as long as a derived
/// contract acts for `account` and never for `msg.sender`.
///
/// **Forgery it is not, but**: a context names an account, it is not its signature. Whoever has the model can
/// make a proof for any account, on any input, and so choose what happens to it and use up a nonce that the
/// account meant for another proof. Where an inference can do harm to its account, where the account has a
/// role, or where the moment matters, add `onlyAccount(account)`.
abstract contract ConsumerBase {
    /// @dev Separates these nullifiers from any other hash of the same fields.
    bytes32 private constant DOMAIN = keccak256("hallmark.nullifier.v1");

    mapping(bytes32 nullifier => bool used) private _used;

    /*------------------------------------------------------------*/
    /* Events and errors                                          */
    /*------------------------------------------------------------*/

    /// @notice A proof was verified and its inference used.
    /// @param nullifier What it is remembered under.
    /// @param account The account that it takes effect for.
    /// @param instancesHash Hash of the public values, packed; where one inference is of several models,
    /// hash of these hashes, packed, in the order of the models.
    event InferenceAccepted(bytes32 indexed nullifier, address indexed account, bytes32 indexed instancesHash);

    /// @notice An account gave up one of its nonces: no proof with it will be accepted.
    /// @param nullifier What it is remembered under.
    /// @param account The account.
    /// @param nonce Its nonce.
    event NonceCancelled(bytes32 indexed nullifier, address indexed account, uint256 nonce);

    /// @notice The last moment at which the proof was good has passed.
    error ProofExpired(uint256 deadline, uint256 timestamp);

    /// @notice No public values at all, hence no context among them.
    error ContextMissing();

    /// @notice The proof is for another chain, consumer, account, nonce or deadline.
    error ContextMismatch(uint256 found, uint256 expected);

    /// @notice The account has used or cancelled this nonce before.
    error InferenceAlreadyUsed(bytes32 nullifier);

    /// @notice Only the account itself may send this.
    error NotAccount(address sender, address account);

    /*------------------------------------------------------------*/
    /* For everybody                                              */
    /*------------------------------------------------------------*/

    /// @notice The context that a proof must have as public value 0 to be accepted here.
    /// @param account The account that the inference takes effect for.
    /// @param nonce A nonce of that account.
    /// @param deadline Last second, in Unix time, at which it is accepted.
    function contextOf(address account, uint256 nonce, uint256 deadline) public view returns (uint256) {
        // The chain is asked every time: after a fork, proofs for one side are none for the other.
        return InferenceContext.hash(block.chainid, address(this), account, nonce, deadline);
    }

    /// @notice What an inference of `account` with this nonce is remembered under.
    /// @param account The account.
    /// @param nonce Its nonce.
    function nullifierOf(address account, uint256 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, block.chainid, address(this), account, nonce));
    }

    /// @notice Whether `account` has used or cancelled this nonce.
    /// @param account The account.
    /// @param nonce Its nonce.
    function isUsed(address account, uint256 nonce) public view returns (bool) {
        return _used[nullifierOf(account, nonce)];
    }

    /// @notice Gives up a nonce of the sender: a proof that went out with it becomes worthless.
    /// Reverts if the nonce is used already, so that success means no proof with it was accepted.
    /// @param nonce The nonce.
    function cancelNonce(uint256 nonce) external {
        bytes32 nullifier = _use(msg.sender, nonce);
        emit NonceCancelled(nullifier, msg.sender, nonce);
    }

    /*------------------------------------------------------------*/
    /* For derived contracts                                      */
    /*------------------------------------------------------------*/

    /// @dev For functions that nobody but the account that they act for may call.
    modifier onlyAccount(address account) {
        _requireSender(account);
        _;
    }

    /// @dev Reverts with `NotAccount` unless the sender is `account`.
    function _requireSender(address account) internal view {
        if (msg.sender != account) revert NotAccount(msg.sender, account);
    }

    /*------------------------------------------------------------*/
    /* Parts of an acceptance                                     */
    /*------------------------------------------------------------*/

    // None of these asks a verifier: whoever calls them has to, before acting on public values.

    /// @dev Reverts with `ProofExpired` after the deadline.
    function _requireDue(uint256 deadline) internal view {
        // A proposer can move the timestamp by seconds; deadlines are chosen in minutes or more.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp > deadline) revert ProofExpired(deadline, block.timestamp);
    }

    /// @dev Reverts unless public value 0 is this context, as a word.
    function _requireContext(uint256[] calldata instances, uint256 expected) internal pure {
        if (instances.length <= InferenceContext.INDEX) revert ContextMissing();
        uint256 found = instances[InferenceContext.INDEX];
        if (found != expected) revert ContextMismatch(found, expected);
    }

    /// @dev Uses a nonce of the account up, or reverts with `InferenceAlreadyUsed`.
    function _use(address account, uint256 nonce) internal returns (bytes32 nullifier) {
        nullifier = nullifierOf(account, nonce);
        if (_used[nullifier]) revert InferenceAlreadyUsed(nullifier);
        _used[nullifier] = true;
    }
}
