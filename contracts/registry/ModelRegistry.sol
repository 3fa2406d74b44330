// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";

/// @title Models, their versions, and who may change them
/// @notice A registry has an owner, who brings new versions, and a guardian, who removes bad ones.
///
/// | what | who | when |
/// |---|---|---|
/// | register a model with its first version | owner | at once: nobody relies on it yet |
/// | announce a new version, withdraw it | owner | at once |
/// | activate the announced version | owner | `DELAY` later, for `ACTIVATION_WINDOW` |
/// | freeze a model: no new version, ever | owner | at once |
/// | remove a version, ever | owner or guardian | at once |
/// | stop a model, ever | owner or guardian | at once |
/// | replace the guardian | owner, then the new one | `DELAY` later, for `ACTIVATION_WINDOW` |
/// | hand over the registry | owner, then the new one | at once |
///
/// What makes consumers accept something new takes `DELAY`, so that users can leave and the guardian
/// can object; what makes them refuse takes effect at once. Nothing that was taken away comes back:
/// frozen, stopped and removed are for ever.
///
/// Who announces a version should use the code that hallmark generates, and the guardian should check that it
/// is: a verifier that reads storage, or calls another contract, changes its answers without any delay.
///
/// A removed version leaves a tombstone for its verifier's code. Code with a tombstone is refused at
/// whatever address, for whatever model, also where it is current under another id.
contract ModelRegistry is IModelRegistry {
    /// @dev `announced` is the number of the version that waits, or zero. Versions count from 1, so
    /// `versions` is zero for an unknown model.
    struct Model {
        uint64 current;
        uint64 versions;
        uint64 announced;
        bool frozen;
        bool stopped;
        uint256 activatableAt;
    }

    /// @notice Shortest delay that a registry may have.
    uint256 public constant MINIMUM_DELAY = 1 days;

    /// @notice Longest delay that a registry may have: beyond, a mistake could never be mended.
    uint256 public constant MAXIMUM_DELAY = 90 days;

    /// @notice How long an announced version may be activated, and a named guardian may accept, once the
    /// delay is over. Without an end, what was announced long ago could happen when nobody expects it.
    uint256 public constant ACTIVATION_WINDOW = 14 days;

    /// @notice Seconds between announcing a version and activating it.
    uint256 public immutable DELAY;

    address private _owner;
    address private _pendingOwner;
    address private _guardian;
    address private _pendingGuardian;
    uint256 private _guardianAcceptableAt;
    mapping(bytes32 modelId => Model model) private _models;
    mapping(bytes32 modelId => mapping(uint256 number => Version version)) private _versions;
    mapping(bytes32 codeHash => bool removed) private _tombstones;

    /*------------------------------------------------------------*/
    /* Events                                                     */
    /*------------------------------------------------------------*/

    /// @notice A model has its first version, which is current.
    /// @param modelId The model.
    event ModelRegistered(bytes32 indexed modelId);

    /// @notice A version was added; it is current if `activatableAt` is the time of this event.
    /// @param modelId The model.
    /// @param number Number of the version.
    /// @param verifier Its verifier.
    /// @param version What it is.
    /// @param metadataUri Where the document is whose hash is in `version`.
    /// @param activatableAt When it can be activated, in Unix time.
    event VersionAnnounced(
        bytes32 indexed modelId,
        uint256 indexed number,
        address indexed verifier,
        Version version,
        string metadataUri,
        uint256 activatableAt
    );

    /// @notice A version became current.
    /// @param modelId The model.
    /// @param number Number of the version.
    /// @param previous Number of the version that was current before; zero if there was none.
    event VersionActivated(bytes32 indexed modelId, uint256 indexed number, uint256 previous);

    /// @notice An announced version was withdrawn.
    /// @param modelId The model.
    /// @param number Number of the version.
    event AnnouncementCancelled(bytes32 indexed modelId, uint256 indexed number);

    /// @notice A version was removed, for ever.
    /// @param modelId The model.
    /// @param number Number of the version.
    /// @param codeHash Hash of its verifier's runtime code.
    /// @param by Who did it: the owner or the guardian.
    event VersionRemoved(bytes32 indexed modelId, uint256 indexed number, bytes32 indexed codeHash, address by);

    /// @notice A model will never have another version than this one.
    /// @param modelId The model.
    /// @param current Number of that version.
    event Frozen(bytes32 indexed modelId, uint256 current);

    /// @notice A model was stopped, for ever.
    /// @param modelId The model.
    /// @param by Who did it: the owner or the guardian.
    event Stopped(bytes32 indexed modelId, address by);

    /// @notice The owner named a successor.
    /// @param owner The owner.
    /// @param pendingOwner The successor, who has to accept.
    event OwnershipTransferStarted(address indexed owner, address indexed pendingOwner);

    /// @notice The registry has a new owner.
    /// @param previousOwner The owner before; zero at the beginning.
    /// @param owner The new one.
    event OwnershipTransferred(address indexed previousOwner, address indexed owner);

    /// @notice The owner named another guardian.
    /// @param guardian The guardian.
    /// @param pendingGuardian The other one, who has to accept.
    /// @param acceptableAt From when on that is possible, in Unix time.
    event GuardianTransferStarted(address indexed guardian, address indexed pendingGuardian, uint256 acceptableAt);

    /// @notice The registry has a new guardian.
    /// @param previousGuardian The guardian before; zero at the beginning.
    /// @param guardian The new one.
    event GuardianTransferred(address indexed previousGuardian, address indexed guardian);

    /*------------------------------------------------------------*/
    /* Errors                                                     */
    /*------------------------------------------------------------*/

    /// @notice The delay is outside of what a registry may have.
    error DelayOutOfRange(uint256 delay, uint256 minimum, uint256 maximum);

    /// @notice A registry without an owner or a guardian.
    error ZeroAddress();

    /// @notice Only the owner may do this.
    error NotOwner(address sender, address owner);

    /// @notice Only the named successor may do this.
    error NotPendingOwner(address sender, address pendingOwner);

    /// @notice Only the guardian or the owner may do this.
    error NotGuardian(address sender, address guardian);

    /// @notice Only the named guardian may do this.
    error NotPendingGuardian(address sender, address pendingGuardian);

    /// @notice The delay is not over.
    error TooEarly(uint256 timestamp, uint256 activatableAt);

    /// @notice The announcement was not activated in time: it has to be made again.
    error AnnouncementExpired(bytes32 modelId, uint256 number, uint256 expiredAt);

    /// @notice The guardian was named too long ago: name it again.
    error NominationExpired(address pendingGuardian, uint256 expiredAt);

    /// @notice A model has this id already.
    error ModelExists(bytes32 modelId);

    /// @notice The model was frozen: it keeps the version it has.
    error ModelFrozen(bytes32 modelId);

    /// @notice The model has no version of this number.
    error UnknownVersion(bytes32 modelId, uint256 number);

    /// @notice A version waits already: withdraw it first.
    error AlreadyAnnounced(bytes32 modelId, uint256 number);

    /// @notice No version waits.
    error NothingAnnounced(bytes32 modelId);

    /// @notice A version with this code was removed, for ever.
    error CodeTombstoned(bytes32 codeHash);

    /*------------------------------------------------------------*/
    /* Roles                                                      */
    /*------------------------------------------------------------*/

    modifier onlyOwner() {
        _requireOwner();
        _;
    }

    modifier onlyGuardianOrOwner() {
        _requireGuardianOrOwner();
        _;
    }

    /// @notice Makes a registry without models.
    /// @param owner_ Brings new versions: a multi-signature wallet or a governor.
    /// @param guardian_ Removes bad versions: reachable at any hour, hence rather not the owner.
    /// @param delay Seconds between announcing a version and activating it.
    constructor(address owner_, address guardian_, uint256 delay) {
        if (owner_ == address(0) || guardian_ == address(0)) revert ZeroAddress();
        if (delay < MINIMUM_DELAY || delay > MAXIMUM_DELAY) {
            revert DelayOutOfRange(delay, MINIMUM_DELAY, MAXIMUM_DELAY);
        }
        DELAY = delay;
        _owner = owner_;
        _guardian = guardian_;
        emit OwnershipTransferred(address(0), owner_);
        emit GuardianTransferred(address(0), guardian_);
    }

    /// @notice Names a successor, who has to accept. The zero address takes an earlier name back.
    /// @param pendingOwner_ The successor, or zero.
    function transferOwnership(address pendingOwner_) external onlyOwner {
        _pendingOwner = pendingOwner_;
        emit OwnershipTransferStarted(_owner, pendingOwner_);
    }

    /// @notice Takes the registry over, as the named successor.
    function acceptOwnership() external {
        if (msg.sender != _pendingOwner) revert NotPendingOwner(msg.sender, _pendingOwner);
        emit OwnershipTransferred(_owner, msg.sender);
        _owner = msg.sender;
        delete _pendingOwner;
    }

    /// @notice Names another guardian, who has to accept once the delay is over: whoever stole the
    /// owner's key cannot get rid of the guardian and be unwatched at once. The zero address takes an
    /// earlier name back.
    /// @param pendingGuardian_ The other guardian, or zero.
    function transferGuardian(address pendingGuardian_) external onlyOwner {
        uint256 acceptableAt = block.timestamp + DELAY;
        _pendingGuardian = pendingGuardian_;
        _guardianAcceptableAt = acceptableAt;
        emit GuardianTransferStarted(_guardian, pendingGuardian_, acceptableAt);
    }

    /// @notice Becomes the guardian, as the one who was named, after the delay and within the window.
    function acceptGuardian() external {
        if (msg.sender != _pendingGuardian) revert NotPendingGuardian(msg.sender, _pendingGuardian);
        _requireReached(_guardianAcceptableAt);
        uint256 expiredAt = _guardianAcceptableAt + ACTIVATION_WINDOW;
        // The window is days long; a proposer can move the timestamp by seconds.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp > expiredAt) revert NominationExpired(msg.sender, expiredAt);
        emit GuardianTransferred(_guardian, msg.sender);
        _guardian = msg.sender;
        delete _pendingGuardian;
        delete _guardianAcceptableAt;
    }

    /*------------------------------------------------------------*/
    /* New versions                                               */
    /*------------------------------------------------------------*/

    /// @notice Registers a model with its first version, which is current at once.
    /// @param modelId Name of the model, chosen freely, never used again for another.
    /// @param version The version. Its verifier is asked whether it is what is said here.
    /// @param metadataUri Where the document is whose hash is in `version`.
    function registerModel(bytes32 modelId, Version calldata version, string calldata metadataUri) external onlyOwner {
        Model storage model = _models[modelId];
        if (model.versions != 0) revert ModelExists(modelId);
        emit ModelRegistered(modelId);
        uint64 number = _add(modelId, model, version, metadataUri, block.timestamp);
        model.current = number;
        emit VersionActivated(modelId, number, 0);
    }

    /// @notice Announces the next version. It waits for `DELAY` and then has to be activated.
    /// @param modelId The model.
    /// @param version The version. Its verifier is asked whether it is what is said here. A version
    /// that was current before may come back this way, unless it was removed.
    /// @param metadataUri Where the document is whose hash is in `version`.
    /// @return number Number of the version.
    function announce(bytes32 modelId, Version calldata version, string calldata metadataUri)
        external
        onlyOwner
        returns (uint256 number)
    {
        Model storage model = _changeable(modelId);
        if (model.announced != 0) revert AlreadyAnnounced(modelId, model.announced);
        uint256 activatableAt = block.timestamp + DELAY;
        uint64 next = _add(modelId, model, version, metadataUri, activatableAt);
        model.announced = next;
        model.activatableAt = activatableAt;
        return next;
    }

    /// @notice Withdraws the announced version.
    /// @param modelId The model.
    function cancel(bytes32 modelId) external onlyOwner {
        Model storage model = _known(modelId);
        if (model.announced == 0) revert NothingAnnounced(modelId);
        _withdraw(modelId, model);
    }

    /// @notice Makes the announced version current.
    /// @param modelId The model.
    function activate(bytes32 modelId) external onlyOwner {
        Model storage model = _changeable(modelId);
        uint64 number = model.announced;
        if (number == 0) revert NothingAnnounced(modelId);
        uint256 activatableAt = model.activatableAt;
        _requireReached(activatableAt);
        // The window is days long; a proposer can move the timestamp by seconds.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp > activatableAt + ACTIVATION_WINDOW) {
            revert AnnouncementExpired(modelId, number, activatableAt + ACTIVATION_WINDOW);
        }
        // Again, since time has passed: the code may be gone, or removed as a version elsewhere.
        _requireUsable(_versions[modelId][number]);
        emit VersionActivated(modelId, number, model.current);
        model.current = number;
        model.announced = 0;
        model.activatableAt = 0;
    }

    /*------------------------------------------------------------*/
    /* For ever                                                   */
    /*------------------------------------------------------------*/

    /// @notice Keeps a model at its current version, for ever. An announced version is withdrawn. A
    /// frozen model can still be stopped.
    /// @param modelId The model.
    function freeze(bytes32 modelId) external onlyOwner {
        Model storage model = _changeable(modelId);
        if (model.announced != 0) _withdraw(modelId, model);
        model.frozen = true;
        emit Frozen(modelId, model.current);
    }

    /// @notice Removes a version, current or not, for ever. Consumers of the model refuse every proof
    /// until another version is activated; there is no falling back to an older one, which would be a
    /// change without delay.
    /// @param modelId The model.
    /// @param number Number of the version.
    function removeVersion(bytes32 modelId, uint256 number) external onlyGuardianOrOwner {
        Model storage model = _known(modelId);
        if (number == 0 || number > model.versions) revert UnknownVersion(modelId, number);
        bytes32 codeHash = _versions[modelId][number].codeHash;
        if (_tombstones[codeHash]) revert CodeTombstoned(codeHash);
        _tombstones[codeHash] = true;
        emit VersionRemoved(modelId, number, codeHash, msg.sender);
        if (model.announced == number) _withdraw(modelId, model);
    }

    /// @notice Stops a model, for ever.
    /// @param modelId The model.
    function stopModel(bytes32 modelId) external onlyGuardianOrOwner {
        Model storage model = _known(modelId);
        if (model.stopped) revert ModelStopped(modelId);
        if (model.announced != 0) _withdraw(modelId, model);
        model.stopped = true;
        emit Stopped(modelId, msg.sender);
    }

    /*------------------------------------------------------------*/
    /* Views                                                      */
    /*------------------------------------------------------------*/

    /// @inheritdoc IModelRegistry
    function current(bytes32 modelId) external view returns (uint256 number, Version memory version) {
        Model storage model = _known(modelId);
        if (model.stopped) revert ModelStopped(modelId);
        number = model.current;
        version = _versions[modelId][number];
        if (_tombstones[version.codeHash]) revert VersionTombstoned(modelId, number);
    }

    /// @notice A version by its number, whatever its state.
    /// @param modelId The model.
    /// @param number Number of the version.
    function versionOf(bytes32 modelId, uint256 number) external view returns (Version memory) {
        if (number == 0 || number > _known(modelId).versions) revert UnknownVersion(modelId, number);
        return _versions[modelId][number];
    }

    /// @notice State of a model.
    /// @param modelId The model.
    function modelOf(bytes32 modelId) external view returns (Model memory) {
        return _known(modelId);
    }

    /// @notice Whether a version with this code was removed.
    /// @param codeHash Hash of a verifier's runtime code.
    function isTombstoned(bytes32 codeHash) external view returns (bool) {
        return _tombstones[codeHash];
    }

    /// @notice Who brings new versions.
    function owner() external view returns (address) {
        return _owner;
    }

    /// @notice Who has been named as the next owner, or zero.
    function pendingOwner() external view returns (address) {
        return _pendingOwner;
    }

    /// @notice Who removes bad versions.
    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @notice Who has been named as the next guardian, or zero, and when they can accept.
    /// @return account The next guardian.
    /// @return acceptableAt When they can accept, in Unix time.
    function pendingGuardian() external view returns (address account, uint256 acceptableAt) {
        return (_pendingGuardian, _guardianAcceptableAt);
    }

    /*------------------------------------------------------------*/
    /* Details                                                    */
    /*------------------------------------------------------------*/

    function _add(
        bytes32 modelId,
        Model storage model,
        Version calldata version,
        string calldata metadataUri,
        uint256 activatableAt
    ) private returns (uint64 number) {
        _requireUsable(version);
        number = ++model.versions;
        _versions[modelId][number] = version;
        emit VersionAnnounced(modelId, number, version.verifier, version, metadataUri, activatableAt);
    }

    function _withdraw(bytes32 modelId, Model storage model) private {
        emit AnnouncementCancelled(modelId, model.announced);
        model.announced = 0;
        model.activatableAt = 0;
    }

    function _requireUsable(Version memory version) private view {
        if (_tombstones[version.codeHash]) revert CodeTombstoned(version.codeHash);
        PinnedVerifier.requireIdentity(
            IInferenceVerifier(version.verifier), version.codeHash, version.verifyingKeyId, version.srsId
        );
    }

    function _known(bytes32 modelId) private view returns (Model storage model) {
        model = _models[modelId];
        if (model.versions == 0) revert UnknownModel(modelId);
    }

    function _changeable(bytes32 modelId) private view returns (Model storage model) {
        model = _known(modelId);
        if (model.stopped) revert ModelStopped(modelId);
        if (model.frozen) revert ModelFrozen(modelId);
    }

    function _requireReached(uint256 time) private view {
        // Delays are days long; a proposer can move the timestamp by seconds.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp < time) revert TooEarly(block.timestamp, time);
    }

    function _requireOwner() private view {
        if (msg.sender != _owner) revert NotOwner(msg.sender, _owner);
    }

    function _requireGuardianOrOwner() private view {
        if (msg.sender != _guardian && msg.sender != _owner) revert NotGuardian(msg.sender, _guardian);
    }
}
