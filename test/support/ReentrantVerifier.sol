// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {CountingConsumer} from "./OpenConsumer.sol";

/// @dev Calls back the consumer that asks it, and answers with what it learnt. The public values
/// after the context are the account, the nonce and the deadline. It does not declare
/// `IInferenceVerifier`, whose promise to change nothing it would break if it were let.
contract ReentrantVerifier {
    enum Question {
        IsTheNonceUsed,
        CanTheInferenceBeUsedAgain,
        CanANonceBeCancelled
    }

    Question private immutable QUESTION;
    bytes32 public immutable VERIFYING_KEY_ID;
    bytes32 public immutable SRS_ID;

    constructor(Question question, bytes32 verifyingKeyId, bytes32 srsId) {
        QUESTION = question;
        VERIFYING_KEY_ID = verifyingKeyId;
        SRS_ID = srsId;
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external returns (bool success) {
        CountingConsumer consumer = CountingConsumer(msg.sender);
        address account = address(uint160(instances[1]));
        if (QUESTION == Question.IsTheNonceUsed) return consumer.isUsed(account, instances[2]);
        bytes memory query = QUESTION == Question.CanTheInferenceBeUsedAgain
            ? abi.encodeCall(consumer.use, (proof, instances, account, instances[2], instances[3]))
            : abi.encodeCall(consumer.cancelNonce, (instances[2]));
        // Less than everything: in a static call, writing burns it.
        (success,) = address(consumer).call{gas: 200_000}(query);
    }
}
