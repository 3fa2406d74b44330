//! The typed consumer against a deployed verifier.

mod common;

use alloy_primitives::U256;
use common::{Case, settings};
use hallmark_gas::{Evm, HardFork};
use hallmark_solidity::calldata::encode_verify_proof;
use hallmark_solidity::{ConsumerOptions, ModelInterface, TensorInterface, generate_consumer, selector};
use std::collections::BTreeMap;

#[test]
fn consumer_decodes_and_rejects() {
    let case = Case::small(4);
    let tensor = |name: &str, shape: &[usize]| TensorInterface {
        name: name.into(),
        shape: shape.to_vec(),
        fraction_bits: 8,
    };
    let interface = ModelInterface {
        model_name: "Small */ model".into(),
        model_id: [9; 32],
        inputs: vec![tensor("input.1", &[])],
        outputs: vec![tensor("class-scores", &[1, 2])],
        verifier_contract_name: case.source.contract_name.clone(),
    };
    let options = |key: u8| ConsumerOptions {
        contract_name: "SmallModel".into(),
        interface_import: None,
        verifying_key_id: [key; 32],
        srs_id: case.parameters.srs.id,
    };
    let with_user = |key: u8| {
        format!(
            "{}\ncontract User is SmallModel {{
                constructor(IInferenceVerifier v) SmallModel(v) {{}}
                function infer(bytes calldata proof, uint256[] calldata instances)
                    external view returns (uint256, int256, int256[2] memory) {{
                    Inference memory i = _infer(proof, instances);
                    return (i.context, i.input1_, i.classScores_);
                }}
                function signed(uint256 e) external pure returns (int256) {{ return _signed(e); }}
            }}",
            generate_consumer(&interface, &options(key)).expect("generates")
        )
    };
    if let Some(folder) = std::env::var_os("HALLMARK_TEST_SOURCES") {
        std::fs::write(std::path::Path::new(&folder).join("consumer.sol"), with_user(0x42)).expect("writes");
    }
    let mut evm = Evm::new(HardFork::Osaka);
    let verifier = evm.deploy(&case.compile(&settings(false, true)).creation_code).expect("deploys").address;
    let deploy = |evm: &mut Evm, source: String, target: alloy_primitives::Address| {
        let sources = BTreeMap::from([("User.sol".to_owned(), source)]);
        let artifacts =
            common::solc().compile(&sources, &settings(false, true)).unwrap_or_else(|e| panic!("{e}"));
        let artifact = artifacts.into_iter().find(|a| a.name == "User").expect("User");
        let mut code = artifact.creation_code;
        code.extend_from_slice(&[0; 12]);
        code.extend_from_slice(target.as_slice());
        evm.deploy(&code)
    };
    let user = deploy(&mut evm, with_user(0x42), verifier).expect("deploys").address;
    // Another key, or no contract, is refused at construction.
    assert!(deploy(&mut evm, with_user(0x43), verifier).is_err());
    assert!(deploy(&mut evm, with_user(0x42), alloy_primitives::Address::repeat_byte(1)).is_err());

    let mut call = encode_verify_proof(&case.proof.bytes, &case.proof.instances);
    call[..4].copy_from_slice(&selector("infer(bytes,uint256[])"));
    let outcome = evm.call(user, &call, None).expect("runs");
    assert!(outcome.success, "{outcome:?}");
    let numbers: Vec<u64> = outcome.output.chunks(32).map(|w| U256::from_be_slice(w).to()).collect();
    assert_eq!(numbers, [3, 8, 13, 18]);
    call[200] ^= 1;
    assert!(!evm.call(user, &call, None).expect("runs").success);

    let r = U256::from_str_radix("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001", 16)
        .expect("a number");
    let mut signed = |element: U256| {
        let mut call = selector("signed(uint256)").to_vec();
        call.extend(element.to_be_bytes::<32>());
        let outcome = evm.call(user, &call, None).expect("runs");
        outcome.success.then(|| U256::from_be_slice(&outcome.output))
    };
    let limit = U256::from(1) << 127;
    assert_eq!(signed(U256::from(7)), Some(U256::from(7)));
    assert_eq!(signed(r - U256::from(7)), Some(U256::ZERO.wrapping_sub(U256::from(7))));
    assert_eq!(signed(limit - U256::from(1)), Some(limit - U256::from(1)));
    assert_eq!(signed(limit), None);
    assert_eq!(signed(r - limit), Some(U256::ZERO.wrapping_sub(limit)));
    assert_eq!(signed(r - limit - U256::from(1)), None);
    assert_eq!(signed(r), None);
    assert_eq!(signed(U256::MAX), None);
}
