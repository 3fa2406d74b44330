// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {IModelRegistry} from "hallmark/interfaces/IModelRegistry.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";
import {ModelRegistry} from "hallmark/registry/ModelRegistry.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";

contract ModelRegistryTest is HallmarkTest {
    address private constant OWNER = address(0x0a);
    address private constant GUARDIAN = address(0x911);
    address private constant STRANGER = address(0xbad);
    uint256 private constant DELAY = 2 days;
    uint256 private constant NOW = 1_000_000;
    bytes32 private constant MODEL = keccak256("model");
    bytes32 private constant OTHER = keccak256("other model");
    bytes32 private constant SRS = keccak256("structured reference string");
    string private constant URI = "ipfs://document";

    event ModelRegistered(bytes32 indexed modelId);
    event VersionAnnounced(
        bytes32 indexed modelId,
        uint256 indexed number,
        address indexed verifier,
        IModelRegistry.Version version,
        string metadataUri,
        uint256 activatableAt
    );
    event VersionActivated(bytes32 indexed modelId, uint256 indexed number, uint256 previous);
    event AnnouncementCancelled(bytes32 indexed modelId, uint256 indexed number);
    event VersionRemoved(bytes32 indexed modelId, uint256 indexed number, bytes32 indexed codeHash, address by);
    event Frozen(bytes32 indexed modelId, uint256 current);
    event Stopped(bytes32 indexed modelId, address by);
    event OwnershipTransferStarted(address indexed owner, address indexed pendingOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed owner);
    event GuardianTransferStarted(address indexed guardian, address indexed pendingGuardian, uint256 acceptableAt);
    event GuardianTransferred(address indexed previousGuardian, address indexed guardian);

    ModelRegistry private registry;
    IModelRegistry.Version private first;
    IModelRegistry.Version private second;

    function setUp() public {
        vm.warp(NOW);
        registry = new ModelRegistry(OWNER, GUARDIAN, DELAY);
        first = newVersion("first");
        second = newVersion("second");
        vm.prank(OWNER);
        registry.registerModel(MODEL, first, URI);
    }

    /*------------------------------------------------------------*/
    /* Helpers                                                    */
    /*------------------------------------------------------------*/

    function newVersion(bytes memory key) private returns (IModelRegistry.Version memory) {
        bytes32 keyId = keccak256(key);
        address verifier = address(new ProgrammableVerifier(keyId, SRS));
        return IModelRegistry.Version(verifier, verifier.codehash, keyId, SRS, "outputs", keccak256("document"));
    }

    function announce(IModelRegistry.Version memory version) private returns (uint256) {
        vm.prank(OWNER);
        return registry.announce(MODEL, version, URI);
    }

    function activate() private {
        vm.prank(OWNER);
        registry.activate(MODEL);
    }

    function expectEmit() private {
        vm.expectEmit(true, true, true, true, address(registry));
    }

    function expectAnnounced(bytes32 modelId, uint256 number, IModelRegistry.Version memory version, uint256 at)
        private
    {
        expectEmit();
        emit VersionAnnounced(modelId, number, version.verifier, version, URI, at);
    }

    function assertVersion(IModelRegistry.Version memory found, IModelRegistry.Version memory expected) private pure {
        assertEqual(abi.encode(found), abi.encode(expected), "version");
    }

    function assertCurrent(uint256 number, IModelRegistry.Version memory expected) private view {
        (uint256 found, IModelRegistry.Version memory version) = registry.current(MODEL);
        assertEqual(found, number, "number of the current version");
        assertVersion(version, expected);
    }

    function expectError(bytes4 selector, bytes32 id) private {
        vm.expectRevert(abi.encodeWithSelector(selector, id));
    }

    /*------------------------------------------------------------*/
    /* Versions                                                   */
    /*------------------------------------------------------------*/

    function test_TheFirstVersionIsCurrentAtOnce() public {
        assertCurrent(1, first);
        IModelRegistry.Version memory version = newVersion("third");
        expectEmit();
        emit ModelRegistered(OTHER);
        expectAnnounced(OTHER, 1, version, NOW);
        expectEmit();
        emit VersionActivated(OTHER, 1, 0);
        vm.prank(OWNER);
        registry.registerModel(OTHER, version, URI);
    }

    function test_AnUpgradeTakesTheDelay() public {
        expectAnnounced(MODEL, 2, second, NOW + DELAY);
        assertEqual(announce(second), 2, "number");
        assertCurrent(1, first);
        assertVersion(registry.versionOf(MODEL, 2), second);
        assertEqual(registry.modelOf(MODEL).activatableAt, NOW + DELAY, "when");

        vm.warp(NOW + DELAY);
        expectEmit();
        emit VersionActivated(MODEL, 2, 1);
        activate();
        assertCurrent(2, second);
        assertVersion(registry.versionOf(MODEL, 1), first);
        ModelRegistry.Model memory model = registry.modelOf(MODEL);
        assertEqual(model.announced, 0, "nothing waits");
        assertEqual(model.activatableAt, 0, "nor has a time");
    }

    function testFuzz_ActivationIsPossibleInTheWindowOnly(uint256 time) public {
        announce(second);
        uint256 opens = NOW + DELAY;
        uint256 closes = opens + registry.ACTIVATION_WINDOW();
        time = bound(time, NOW, closes + 30 days);
        vm.warp(time);
        if (time < opens) {
            vm.expectRevert(abi.encodeWithSelector(ModelRegistry.TooEarly.selector, time, opens));
        } else if (time > closes) {
            vm.expectRevert(abi.encodeWithSelector(ModelRegistry.AnnouncementExpired.selector, MODEL, 2, closes));
        }
        activate();
        bool inWindow = time >= opens && time <= closes;
        assertCurrent(inWindow ? 2 : 1, inWindow ? second : first);
    }

    function test_TheEdgesOfTheWindow() public {
        announce(second);
        uint256 opens = NOW + DELAY;
        uint256 closes = opens + registry.ACTIVATION_WINDOW();
        vm.warp(opens - 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.TooEarly.selector, opens - 1, opens));
        activate();
        vm.warp(closes + 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.AnnouncementExpired.selector, MODEL, 2, closes));
        activate();
        vm.warp(closes);
        activate();
    }

    function test_AnAnnouncementCanBeWithdrawnAndMadeAgain() public {
        announce(second);
        expectEmit();
        emit AnnouncementCancelled(MODEL, 2);
        vm.prank(OWNER);
        registry.cancel(MODEL);
        vm.warp(NOW + DELAY);
        expectError(ModelRegistry.NothingAnnounced.selector, MODEL);
        activate();
        assertEqual(announce(second), 3, "a number of its own");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.TooEarly.selector, NOW + DELAY, NOW + 2 * DELAY));
        activate();
    }

    function test_AnOldVersionCanComeBackAfterTheDelay() public {
        announce(second);
        vm.warp(NOW + DELAY);
        activate();
        announce(first);
        vm.warp(NOW + 2 * DELAY);
        activate();
        assertCurrent(3, first);
    }

    function test_RevertWhen_AVersionWaitsAlready() public {
        announce(second);
        IModelRegistry.Version memory third = newVersion("third");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.AlreadyAnnounced.selector, MODEL, 2));
        announce(third);
    }

    function test_RevertWhen_NothingWaits() public {
        expectError(ModelRegistry.NothingAnnounced.selector, MODEL);
        activate();
        expectError(ModelRegistry.NothingAnnounced.selector, MODEL);
        vm.prank(OWNER);
        registry.cancel(MODEL);
    }

    function test_RevertWhen_AModelHasTheId() public {
        expectError(ModelRegistry.ModelExists.selector, MODEL);
        vm.prank(OWNER);
        registry.registerModel(MODEL, second, URI);
    }

    function test_RevertWhen_TheVerifierIsNotWhatTheVersionSays() public {
        IModelRegistry.Version memory version = second;
        bytes32 wrong = keccak256("wrong");

        version.codeHash = wrong;
        vm.expectRevert(
            abi.encodeWithSelector(
                PinnedVerifier.VerifierCodeMismatch.selector, second.verifier, second.codeHash, wrong
            )
        );
        announce(version);

        version = second;
        version.verifyingKeyId = wrong;
        vm.expectRevert(
            abi.encodeWithSelector(PinnedVerifier.VerifyingKeyMismatch.selector, second.verifyingKeyId, wrong)
        );
        announce(version);

        version = second;
        version.srsId = wrong;
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, SRS, wrong));
        announce(version);

        version = second;
        version.verifier = address(0xdead);
        bytes32 empty = address(0xdead).codehash;
        version.codeHash = empty;
        vm.expectRevert(
            abi.encodeWithSelector(PinnedVerifier.VerifierCodeMismatch.selector, address(0xdead), empty, empty)
        );
        vm.prank(OWNER);
        registry.registerModel(OTHER, version, URI);
    }

    function test_RevertWhen_TheCodeChangedBeforeActivation() public {
        announce(second);
        vm.warp(NOW + DELAY);
        vm.etch(second.verifier, hex"00");
        vm.expectRevert(
            abi.encodeWithSelector(
                PinnedVerifier.VerifierCodeMismatch.selector, second.verifier, second.verifier.codehash, second.codeHash
            )
        );
        activate();
    }

    function testFuzz_RevertWhen_TheModelIsUnknown(bytes32 id) public {
        vm.assume(id != MODEL);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.current(id);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.modelOf(id);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.versionOf(id, 1);
        vm.startPrank(OWNER);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.announce(id, second, URI);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.cancel(id);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.activate(id);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.freeze(id);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.removeVersion(id, 1);
        expectError(IModelRegistry.UnknownModel.selector, id);
        registry.stopModel(id);
        vm.stopPrank();
    }

    function test_RevertWhen_TheVersionIsUnknown() public {
        uint256[3] memory numbers = [uint256(0), 2, type(uint256).max];
        for (uint256 i = 0; i < numbers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ModelRegistry.UnknownVersion.selector, MODEL, numbers[i]));
            registry.versionOf(MODEL, numbers[i]);
            vm.expectRevert(abi.encodeWithSelector(ModelRegistry.UnknownVersion.selector, MODEL, numbers[i]));
            vm.prank(GUARDIAN);
            registry.removeVersion(MODEL, numbers[i]);
        }
    }

    /*------------------------------------------------------------*/
    /* For ever                                                   */
    /*------------------------------------------------------------*/

    function test_AFrozenModelKeepsItsVersion() public {
        announce(second);
        expectEmit();
        emit AnnouncementCancelled(MODEL, 2);
        expectEmit();
        emit Frozen(MODEL, 1);
        vm.startPrank(OWNER);
        registry.freeze(MODEL);
        assertCurrent(1, first);
        assertThat(registry.modelOf(MODEL).frozen, "frozen");

        vm.warp(NOW + DELAY);
        expectError(ModelRegistry.ModelFrozen.selector, MODEL);
        registry.activate(MODEL);
        expectError(ModelRegistry.ModelFrozen.selector, MODEL);
        registry.announce(MODEL, second, URI);
        expectError(ModelRegistry.ModelFrozen.selector, MODEL);
        registry.freeze(MODEL);
        registry.stopModel(MODEL);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.current(MODEL);
        vm.stopPrank();
    }

    function test_AStoppedModelStaysStopped() public {
        announce(second);
        expectEmit();
        emit AnnouncementCancelled(MODEL, 2);
        expectEmit();
        emit Stopped(MODEL, GUARDIAN);
        vm.prank(GUARDIAN);
        registry.stopModel(MODEL);
        vm.warp(NOW + DELAY);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.current(MODEL);
        vm.startPrank(OWNER);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.activate(MODEL);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.announce(MODEL, second, URI);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.freeze(MODEL);
        expectError(IModelRegistry.ModelStopped.selector, MODEL);
        registry.stopModel(MODEL);
        expectError(ModelRegistry.ModelExists.selector, MODEL);
        registry.registerModel(MODEL, second, URI);
        vm.stopPrank();
    }

    function test_ARemovedVersionIsReplacedAfterTheDelayOnly() public {
        expectEmit();
        emit VersionRemoved(MODEL, 1, first.codeHash, GUARDIAN);
        vm.prank(GUARDIAN);
        registry.removeVersion(MODEL, 1);
        assertThat(registry.isTombstoned(first.codeHash), "tombstone");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionTombstoned.selector, MODEL, 1));
        registry.current(MODEL);

        announce(second);
        vm.warp(NOW + DELAY);
        activate();
        assertCurrent(2, second);
    }

    function test_RevertWhen_ARemovedVersionIsUsedAgain() public {
        vm.prank(GUARDIAN);
        registry.removeVersion(MODEL, 1);
        expectError(ModelRegistry.CodeTombstoned.selector, first.codeHash);
        announce(first);
        expectError(ModelRegistry.CodeTombstoned.selector, first.codeHash);
        vm.prank(OWNER);
        registry.registerModel(OTHER, first, URI);
        expectError(ModelRegistry.CodeTombstoned.selector, first.codeHash);
        vm.prank(GUARDIAN);
        registry.removeVersion(MODEL, 1);

        // The same code at another address is the same version.
        IModelRegistry.Version memory again = newVersion("first");
        assertThat(again.verifier != first.verifier, "another address");
        expectError(ModelRegistry.CodeTombstoned.selector, first.codeHash);
        announce(again);
    }

    function test_ATombstoneCountsForAllModels() public {
        vm.startPrank(OWNER);
        registry.registerModel(OTHER, first, URI);
        registry.removeVersion(OTHER, 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.VersionTombstoned.selector, MODEL, 1));
        registry.current(MODEL);
    }

    function test_TheGuardianVetoesAnAnnouncement() public {
        announce(second);
        expectEmit();
        emit AnnouncementCancelled(MODEL, 2);
        vm.prank(GUARDIAN);
        registry.removeVersion(MODEL, 2);
        assertCurrent(1, first);
        vm.warp(NOW + DELAY);
        expectError(ModelRegistry.NothingAnnounced.selector, MODEL);
        activate();
        expectError(ModelRegistry.CodeTombstoned.selector, second.codeHash);
        announce(second);
    }

    function test_RevertWhen_TheAnnouncedCodeWasRemovedElsewhere() public {
        announce(second);
        vm.startPrank(OWNER);
        registry.registerModel(OTHER, second, URI);
        registry.removeVersion(OTHER, 1);
        vm.stopPrank();
        vm.warp(NOW + DELAY);
        expectError(ModelRegistry.CodeTombstoned.selector, second.codeHash);
        activate();
    }

    /*------------------------------------------------------------*/
    /* Roles                                                      */
    /*------------------------------------------------------------*/

    function testFuzz_RevertWhen_SomebodyElseActs(address sender) public {
        vm.assume(sender != OWNER && sender != GUARDIAN);
        bytes memory notOwner = abi.encodeWithSelector(ModelRegistry.NotOwner.selector, sender, OWNER);
        bytes memory notGuardian = abi.encodeWithSelector(ModelRegistry.NotGuardian.selector, sender, GUARDIAN);
        vm.startPrank(sender);
        vm.expectRevert(notOwner);
        registry.registerModel(OTHER, second, URI);
        vm.expectRevert(notOwner);
        registry.announce(MODEL, second, URI);
        vm.expectRevert(notOwner);
        registry.cancel(MODEL);
        vm.expectRevert(notOwner);
        registry.activate(MODEL);
        vm.expectRevert(notOwner);
        registry.freeze(MODEL);
        vm.expectRevert(notOwner);
        registry.transferOwnership(sender);
        vm.expectRevert(notOwner);
        registry.transferGuardian(sender);
        vm.expectRevert(notGuardian);
        registry.removeVersion(MODEL, 1);
        vm.expectRevert(notGuardian);
        registry.stopModel(MODEL);
        vm.stopPrank();
    }

    /// @dev The guardian can take away and do nothing else.
    function test_RevertWhen_TheGuardianActsAsOwner() public {
        bytes memory notOwner = abi.encodeWithSelector(ModelRegistry.NotOwner.selector, GUARDIAN, OWNER);
        vm.startPrank(GUARDIAN);
        vm.expectRevert(notOwner);
        registry.registerModel(OTHER, second, URI);
        vm.expectRevert(notOwner);
        registry.announce(MODEL, second, URI);
        vm.expectRevert(notOwner);
        registry.activate(MODEL);
        vm.expectRevert(notOwner);
        registry.freeze(MODEL);
        vm.expectRevert(notOwner);
        registry.transferGuardian(STRANGER);
        vm.stopPrank();
    }

    function test_TheOwnerCanStopToo() public {
        vm.startPrank(OWNER);
        registry.removeVersion(MODEL, 1);
        registry.stopModel(MODEL);
        vm.stopPrank();
        assertThat(registry.modelOf(MODEL).stopped, "stopped");
    }

    function test_OwnershipTakesTwoSteps() public {
        address next = address(0x0b);
        expectEmit();
        emit OwnershipTransferStarted(OWNER, next);
        vm.prank(OWNER);
        registry.transferOwnership(next);
        assertEqual(registry.owner(), OWNER, "still");
        assertEqual(registry.pendingOwner(), next, "named");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingOwner.selector, STRANGER, next));
        vm.prank(STRANGER);
        registry.acceptOwnership();

        expectEmit();
        emit OwnershipTransferred(OWNER, next);
        vm.prank(next);
        registry.acceptOwnership();
        assertEqual(registry.owner(), next, "now");
        assertEqual(registry.pendingOwner(), address(0), "nobody named");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingOwner.selector, next, address(0)));
        vm.prank(next);
        registry.acceptOwnership();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotOwner.selector, OWNER, next));
        vm.prank(OWNER);
        registry.freeze(MODEL);
    }

    function test_TheGuardianIsReplacedAfterTheDelayOnly() public {
        address next = address(0x912);
        uint256 at = NOW + DELAY;
        expectEmit();
        emit GuardianTransferStarted(GUARDIAN, next, at);
        vm.prank(OWNER);
        registry.transferGuardian(next);
        (address named, uint256 acceptableAt) = registry.pendingGuardian();
        assertEqual(named, next, "named");
        assertEqual(acceptableAt, at, "when");

        vm.warp(at - 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.TooEarly.selector, at - 1, at));
        vm.prank(next);
        registry.acceptGuardian();
        vm.warp(at);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingGuardian.selector, STRANGER, next));
        vm.prank(STRANGER);
        registry.acceptGuardian();
        assertEqual(registry.guardian(), GUARDIAN, "still");

        expectEmit();
        emit GuardianTransferred(GUARDIAN, next);
        vm.prank(next);
        registry.acceptGuardian();
        assertEqual(registry.guardian(), next, "now");
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingGuardian.selector, next, address(0)));
        vm.prank(next);
        registry.acceptGuardian();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotGuardian.selector, GUARDIAN, next));
        vm.prank(GUARDIAN);
        registry.stopModel(MODEL);
    }

    function test_RevertWhen_TheGuardianWasNamedTooLongAgo() public {
        vm.prank(OWNER);
        registry.transferGuardian(STRANGER);
        uint256 last = NOW + DELAY + registry.ACTIVATION_WINDOW();
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NominationExpired.selector, STRANGER, last));
        vm.prank(STRANGER);
        registry.acceptGuardian();
        assertEqual(registry.guardian(), GUARDIAN, "still");
        vm.warp(last);
        vm.prank(STRANGER);
        registry.acceptGuardian();
        assertEqual(registry.guardian(), STRANGER, "at the last moment");
    }

    function test_ANameIsTakenBackWithZero() public {
        vm.startPrank(OWNER);
        registry.transferOwnership(STRANGER);
        registry.transferOwnership(address(0));
        registry.transferGuardian(STRANGER);
        registry.transferGuardian(address(0));
        vm.stopPrank();
        vm.warp(NOW + DELAY);
        vm.startPrank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingOwner.selector, STRANGER, address(0)));
        registry.acceptOwnership();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotPendingGuardian.selector, STRANGER, address(0)));
        registry.acceptGuardian();
        vm.stopPrank();
    }

    /*------------------------------------------------------------*/
    /* Construction                                               */
    /*------------------------------------------------------------*/

    function test_RevertWhen_ARoleIsMissing() public {
        vm.expectRevert(ModelRegistry.ZeroAddress.selector);
        new ModelRegistry(address(0), GUARDIAN, DELAY);
        vm.expectRevert(ModelRegistry.ZeroAddress.selector);
        new ModelRegistry(OWNER, address(0), DELAY);
    }

    function testFuzz_RevertWhen_TheDelayIsOutOfRange(uint256 delay) public {
        if (delay < 1 days || delay > 90 days) {
            vm.expectRevert(abi.encodeWithSelector(ModelRegistry.DelayOutOfRange.selector, delay, 1 days, 90 days));
            new ModelRegistry(OWNER, GUARDIAN, delay);
        }
        delay = bound(delay, 1 days, 90 days);
        assertEqual(new ModelRegistry(OWNER, GUARDIAN, delay).DELAY(), delay, "delay");
    }

    function test_TheEdgesOfTheDelay() public {
        new ModelRegistry(OWNER, GUARDIAN, 1 days);
        new ModelRegistry(OWNER, GUARDIAN, 90 days);
        vm.expectPartialRevert(ModelRegistry.DelayOutOfRange.selector);
        new ModelRegistry(OWNER, GUARDIAN, 1 days - 1);
        vm.expectPartialRevert(ModelRegistry.DelayOutOfRange.selector);
        new ModelRegistry(OWNER, GUARDIAN, 90 days + 1);
    }
}
