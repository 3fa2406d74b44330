//! The verifier generator: parameters of a key in, one Solidity file out.
//!
//! The contract re-reads its two arguments at the only offsets that the strict calldata check
//! admits, so that every offset below is a constant. All verification happens in one block of Yul
//! with a section per phase; each section starts with a line `// hallmark:phase NAME`, which the
//! gas profiler reads.

use crate::dag::{Dag, Emitter, NodeId};
use crate::error::Error;
use crate::layout::{Challenge, Commitment, Layout, PROOF, Step};
use crate::names;
use crate::yul::{Lines, coordinate_literal, field_literal};
use hallmark_circuit::description::{Column, Expression, Query};
use hallmark_circuit::field::Field;
use hallmark_proof::parameters::VerifierParameters;
use hallmark_proof::srs::Provenance;
use halo2curves::bn256::{Fq2, Fr, G1Affine, G2Affine};
use sha3::{Digest, Keccak256};
use std::collections::BTreeMap;

/// First byte of memory that the verifier uses. The free memory pointer may be anywhere up to here:
/// the compiler's IR pipeline reserves words below when it moves variables to memory.
const MEMORY: usize = 0x0400;

/// Instances handled by one turn of the loop.
const INSTANCE_UNROLL: usize = 8;

/// Chain id on which verifiers with a development SRS work (Foundry's and Hardhat's local chains).
pub const DEV_CHAIN_ID: u64 = 31_337;

/// Choices of the generator that are not part of the verifying key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierOptions {
    /// Name of the contract; `DevOnly` is put before it when the SRS is a development one.
    pub contract_name: String,
    /// Identity of the verifying key, returned by `VERIFYING_KEY_ID()`.
    pub verifying_key_id: [u8; 32],
    /// A sentence on what is verified, for the contract's documentation (one line).
    pub description: String,
}

/// A generated verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierSource {
    /// Name of the contract.
    pub contract_name: String,
    /// The Solidity source.
    pub source: String,
    /// Name of its file, `<contract_name>.sol`.
    pub file_name: String,
}

/// Custom errors of the generated contract with their signatures, in the order of the checks.
pub const VERIFIER_ERRORS: [(&str, &str); 11] = [
    ("DevelopmentOnly()", "the SRS is a development one and this is not a local chain"),
    ("MemoryReserved()", "memory that the verifier uses is already taken"),
    ("ProofLengthInvalid()", "the proof does not have `PROOF_LENGTH` bytes"),
    ("InstanceCountInvalid()", "there are not `INSTANCE_COUNT` public inputs"),
    ("CalldataLayoutInvalid()", "calldata is not the one encoding of its arguments"),
    ("PointInvalid()", "a point is off the curve, at infinity, or not canonical"),
    ("ScalarNotCanonical()", "an evaluation is not below the field's modulus"),
    ("InstanceNotCanonical()", "a public input is not below the field's modulus"),
    ("ChallengeDegenerate()", "a denominator is zero (chance 2^-240), or no inverse was found"),
    ("PrecompileFailed()", "a precompile is missing, failed, or answered with the wrong size"),
    ("ProofInvalid()", "the proof does not verify"),
];

/// Writes the verifier contract for one circuit.
pub fn generate_verifier(
    parameters: &VerifierParameters,
    options: &VerifierOptions,
) -> Result<VerifierSource, Error> {
    names::check(&options.contract_name)?;
    let usable = (1u128 << parameters.k.min(64)).saturating_sub(parameters.blinding_factors as u128 + 1);
    if parameters.instances as u128 > usable {
        return Err(Error::TooManyInstances { instances: parameters.instances, k: parameters.k });
    }
    let dev_only = parameters.srs.provenance == Provenance::Dev;
    let contract_name =
        if dev_only { format!("DevOnly{}", options.contract_name) } else { options.contract_name.clone() };
    let layout = Layout::new(parameters)?;
    let body = Generator::new(parameters, &layout).body()?;
    let provenance = match &parameters.srs.provenance {
        Provenance::Dev => "made on one machine, for development only".to_owned(),
        Provenance::Ceremony(name) => format!("from the ceremony {}", names::one_line(name)),
    };
    let context = minijinja::context! {
        contract_name => contract_name,
        description => names::one_line(&options.description),
        dev_only => dev_only,
        dev_chain_id => DEV_CHAIN_ID,
        provenance => provenance,
        srs_id => hex::encode(parameters.srs.id),
        verifying_key_id => hex::encode(options.verifying_key_id),
        proof_length => layout.proof_bytes,
        instance_count => layout.instances,
        k => parameters.k,
        points => layout.points.len(),
        evaluations => layout.evaluations.1,
        errors => VERIFIER_ERRORS
            .iter()
            .filter(|(signature, _)| dev_only || *signature != "DevelopmentOnly()")
            .map(|(signature, meaning)| minijinja::context! {
                signature => signature,
                meaning => sentence(meaning),
            })
            .collect::<Vec<_>>(),
        proof_layout => proof_layout(&layout),
        body => body,
    };
    let source =
        names::render("verifier", include_str!("../../../templates/verifier/verifier.sol.jinja"), context)?;
    Ok(VerifierSource { file_name: format!("{contract_name}.sol"), contract_name, source })
}

/// First four bytes of the hash of an error's or function's signature.
pub fn selector(signature: &str) -> [u8; 4] {
    let digest = Keccak256::digest(signature.as_bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

/// The parts of the proof with their offsets in calldata, for the contract's documentation.
fn proof_layout(layout: &Layout) -> Vec<String> {
    let mut rows: Vec<(usize, String)> = Vec::new();
    rows.extend(layout.advice.iter().enumerate().map(|(i, at)| (*at, format!("[a_{i}]"))));
    rows.extend(layout.products.iter().enumerate().map(|(i, at)| (*at, format!("[z_{i}]"))));
    rows.push((layout.random, "[random]".into()));
    rows.extend(layout.quotient.iter().enumerate().map(|(i, at)| (*at, format!("[h_{i}]"))));
    let rotated = |name: String, rotation: i32| match rotation {
        0 => format!("{name}(x)"),
        1 => format!("{name}(wx)"),
        _ => format!("{name}(w^{rotation} x)"),
    };
    rows.extend(layout.advice_evaluations.iter().map(|((i, q), at)| (*at, rotated(format!("a_{i}"), *q))));
    rows.extend(layout.fixed_evaluations.iter().map(|((i, q), at)| (*at, rotated(format!("f_{i}"), *q))));
    rows.push((layout.random_evaluation, "random(x)".into()));
    rows.extend(layout.sigma_evaluations.iter().enumerate().map(|(i, at)| (*at, format!("s_{i}(x)"))));
    for (i, (at_x, at_next, at_last)) in layout.product_evaluations.iter().enumerate() {
        rows.push((*at_x, format!("z_{i}(x)")));
        rows.push((*at_next, format!("z_{i}(wx)")));
        rows.extend(at_last.map(|at| (at, format!("z_{i}(w^last x)"))));
    }
    rows.push((layout.w, "[W]".into()));
    rows.push((layout.w_prime, "[W']".into()));
    rows.sort();
    rows.chunks(4)
        .map(|row| {
            row.iter()
                .map(|(at, name)| format!("{at:#06x} {name:<14}"))
                .collect::<Vec<_>>()
                .join(" ")
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// Named words of memory.
#[derive(Debug, Default)]
struct Memory {
    slots: BTreeMap<String, usize>,
    next: usize,
}

impl Memory {
    fn slot(&mut self, name: impl Into<String>) -> usize {
        let next = &mut self.next;
        *self.slots.entry(name.into()).or_insert_with(|| {
            let at = *next;
            *next += 0x20;
            at
        })
    }

    fn load(&mut self, name: impl Into<String>) -> String {
        format!("mload({:#06x})", self.slot(name))
    }
}

/// Places of the multi-scalar multiplication in scratch memory.
///
/// `ecAdd` reads `[C][ACC]`, `ecMul` reads `[ACC][SCALAR]`: the running sum is multiplied and added
/// to in place.
#[derive(Clone, Copy, Debug)]
struct Workspace {
    c: usize,
    acc: usize,
    scalar: usize,
    outer: usize,
    quotient: usize,
    pairing: usize,
}

struct Generator<'a> {
    p: &'a VerifierParameters,
    layout: &'a Layout,
    memory: Memory,
    lines: Lines,
    /// Yul functions, written after the main sequence.
    functions: Vec<Lines>,
    /// Words to invert, in place.
    inverses: Vec<(usize, String)>,
}

fn challenge_name(challenge: Challenge) -> String {
    match challenge {
        Challenge::Circuit(i) => format!("circuit challenge {i}"),
        Challenge::Theta => "theta".into(),
        Challenge::Beta => "beta".into(),
        Challenge::Gamma => "gamma".into(),
        Challenge::Y => "y".into(),
        Challenge::X => "x".into(),
        Challenge::Zeta => "zeta".into(),
        Challenge::Nu => "nu".into(),
        Challenge::Mu => "mu".into(),
    }
}

fn fail(error: &str) -> String {
    format!("mstore(0x00, 0x{}) revert(0x1c, 0x04)", hex::encode(selector(error)))
}

/// `and(c₀, and(c₁, …))` of conditions: the innermost is evaluated first.
fn all_of(conditions: &[String]) -> String {
    match conditions {
        [] => "1".into(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("and({first}, {})", all_of(rest)),
    }
}

impl<'a> Generator<'a> {
    fn new(p: &'a VerifierParameters, layout: &'a Layout) -> Self {
        let mut memory = Memory { slots: BTreeMap::new(), next: MEMORY };
        for step in &layout.transcript {
            if let Step::Squeeze(challenge) = step {
                memory.slot(challenge_name(*challenge));
            }
        }
        Self { p, layout, memory, lines: Lines::new(3), functions: Vec::new(), inverses: Vec::new() }
    }

    /// All the Yul of the verification.
    fn body(mut self) -> Result<String, Error> {
        self.reserve();
        self.lines.open("{");
        self.lines.push(
            "// The scalar field's modulus, opaque to the optimiser: it would copy a literal, 32 bytes",
        );
        self.lines.push("// long, to every use.");
        self.lines.push(format!("let r := add({}, iszero(calldatasize()))", names::SCALAR_MODULUS));
        self.calldata();
        self.function("calldata", "encodings", "ScalarNotCanonical()", |g| {
            g.encodings();
            Ok(())
        })?;
        self.transcript();
        self.function("instances", "fractions", "InstanceNotCanonical()", |g| {
            g.instances_sum();
            g.denominators();
            g.invert();
            g.instances_value();
            Ok(())
        })?;
        self.function("quotient", "combine", "PrecompileFailed()", |g| {
            g.quotient()?;
            g.evaluation();
            g.commitment();
            Ok(())
        })?;
        self.pairing();
        self.lines.close();
        for function in self.functions {
            self.lines.append(function);
        }
        self.lines.blank();
        self.lines.push("// hallmark:phase other");
        Ok(self.lines.finish())
    }

    /// Writes a part as a Yul function of `r` and its call. The compiler's IR pipeline optimises
    /// function by function: as one piece, the verifier would keep most of its words in variables
    /// and copy the constant `r` to every use.
    fn function(
        &mut self,
        phase: &str,
        name: &str,
        error: &str,
        write: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.lines.blank();
        self.lines.push(format!("// hallmark:phase {phase}"));
        let parameters = if name == "encodings" { "r, q" } else { "r" };
        if name == "encodings" {
            self.lines.push("// The base field's modulus.");
            self.lines.push(format!("let q := add({}, iszero(calldatasize()))", names::BASE_MODULUS));
        }
        self.lines.push(format!("{name}({parameters})"));
        let main = std::mem::replace(&mut self.lines, Lines::new(3));
        self.lines.blank();
        self.lines.push(format!("// hallmark:phase {phase}"));
        self.lines.open(format!("function {name}({parameters}) {{"));
        self.lines.push("let ok := 1");
        let result = write(self);
        self.lines.push("if ok { leave }");
        self.lines.push(fail(error));
        self.lines.close();
        self.functions.push(std::mem::replace(&mut self.lines, main));
        result
    }

    fn has_permutation(&self) -> bool {
        !self.p.permutation.is_empty()
    }

    fn needs_inverse_of_x(&self) -> bool {
        self.layout.sets.iter().any(|set| set.rotations.len() > 1)
    }

    /// Gives every named word its place, so that scratch memory starts after the last one.
    fn reserve(&mut self) {
        let mut names: Vec<String> = vec!["x^n".into(), "1/(x^n-1)".into(), "h(x)".into()];
        if self.has_permutation() {
            names.extend(
                ["1/(x-1)", "1/active", "active", "active rest", "l_0", "l_last", "l_active"]
                    .map(String::from),
            );
        }
        if self.needs_inverse_of_x() {
            names.push("1/x".into());
        }
        if self.layout.instances > 0 {
            for rotation in &self.p.instance_queries {
                names.push(format!("instances({rotation})"));
                names.push(format!("1/instances({rotation})"));
            }
        }
        for rotation in &self.layout.super_rotations {
            names.push(format!("1/(mu-x_{rotation})"));
        }
        names.push("z_0(mu)".into());
        for set in 1..self.layout.sets.len() {
            names.push(format!("factor {set}"));
        }
        names.push("-evaluation".into());
        for name in names {
            self.memory.slot(name);
        }
    }

    fn calldata(&mut self) {
        let layout = self.layout;
        let l = &mut self.lines;
        l.phase("calldata", "Sizes, offsets, points and scalars, before any is used.");
        l.push(format!("if gt(mload(0x40), {MEMORY:#06x}) {{ {} }}", fail("MemoryReserved()")));
        l.push(format!(
            "if iszero(eq(proof.length, {:#06x})) {{ {} }}",
            layout.proof_bytes,
            fail("ProofLengthInvalid()")
        ));
        l.push(format!(
            "if iszero(eq(instances.length, {:#04x})) {{ {} }}",
            layout.instances,
            fail("InstanceCountInvalid()")
        ));
        l.push("// With these, the arguments lie where the constants below expect them.");
        l.push("if iszero(and(");
        l.push(format!("    eq(calldatasize(), {:#06x}),", layout.calldata_bytes));
        l.push(format!(
            "    and(eq(proof.offset, {PROOF:#06x}), eq(instances.offset, {:#06x}))",
            layout.instances_at()
        ));
        l.push(format!(")) {{ {} }}", fail("CalldataLayoutInvalid()")));
    }

    /// Points and evaluations, before any is used.
    fn encodings(&mut self) {
        let layout = self.layout;
        let l = &mut self.lines;
        l.push("// Points: canonical coordinates, on y^2 = x^3 + 3 (infinity, (0, 0), is not).");
        for at in &layout.points {
            l.open("{");
            l.push(format!("let px := calldataload({at:#06x})"));
            l.push(format!("let py := calldataload({:#06x})", at + 0x20));
            l.push(
                "ok := and(and(and(lt(px, q), lt(py, q)), \
                 eq(addmod(mulmod(px, mulmod(px, px, q), q), 3, q), mulmod(py, py, q))), ok)",
            );
            l.close();
        }
        l.push(format!("if iszero(ok) {{ {} }}", fail("PointInvalid()")));
        l.blank();
        l.push("// Evaluations: canonical scalars.");
        let (first, count) = layout.evaluations;
        let conditions: Vec<String> =
            (0..count).map(|i| format!("lt(calldataload({:#06x}), r)", first + 0x20 * i)).collect();
        for chunk in conditions.chunks(8) {
            l.push(format!("ok := and({}, ok)", all_of(chunk)));
        }
    }

    fn transcript(&mut self) {
        let buffer = self.memory.next;
        let seed = field_literal(self.p.transcript_seed);
        let l = &mut self.lines;
        l.phase("transcript", "Challenges: Keccak-256 over what was sent so far.");
        l.open("{");
        l.push("let digest");
        let mut length = 0x20; // bytes of the buffer to hash
        for step in &self.layout.transcript {
            match step {
                Step::Seed => l.note(format!("mstore({buffer:#06x}, {seed})"), "verifying key"),
                Step::Instances => {
                    let bytes = 0x20 * self.layout.instances;
                    l.note(
                        format!(
                            "calldatacopy({:#06x}, {:#06x}, {bytes:#06x})",
                            buffer + length,
                            self.layout.instances_at()
                        ),
                        "instances",
                    );
                    length += bytes;
                }
                Step::Absorb { offset, length: bytes, what } => {
                    l.note(
                        format!("calldatacopy({:#06x}, {offset:#06x}, {bytes:#06x})", buffer + length),
                        *what,
                    );
                    length += bytes;
                }
                Step::Squeeze(challenge) => {
                    if length == 0x20 {
                        l.note(format!("mstore8({:#06x}, 0x01)", buffer + 0x20), "nothing new: digest, 0x01");
                        length = 0x21;
                    }
                    l.push(format!("digest := keccak256({buffer:#06x}, {length:#06x})"));
                    l.push(format!("mstore({buffer:#06x}, digest)"));
                    let name = challenge_name(*challenge);
                    let slot = self.memory.slot(name.clone());
                    if *challenge != Challenge::Theta {
                        l.note(format!("mstore({slot:#06x}, mod(digest, r))"), name);
                    }
                    length = 0x20;
                }
            }
        }
        l.close();
    }

    /// Σ aᵢ / (x'/ωⁱ − 1) as one fraction, for each rotation at which the instances are read.
    fn instances_sum(&mut self) {
        let layout = self.layout;
        if layout.instances == 0 {
            return;
        }
        let omega_inverse = self.p.omega.invert().unwrap_or(Fr::ONE);
        self.lines.phase("instances", "Sum of a_i / (x w^-i - 1) as one fraction; a_i below r.");
        // The check must not be lost when no gate reads the instances.
        let mut rotations: Vec<Option<i32>> = self.p.instance_queries.iter().copied().map(Some).collect();
        if rotations.is_empty() {
            rotations.push(None);
        }
        for (index, rotation) in rotations.into_iter().enumerate() {
            let x = self.memory.load(challenge_name(Challenge::X));
            let first = layout.instances_at();
            let end = first + 0x20 * layout.instances;
            let l = &mut self.lines;
            l.open("{");
            l.push(format!("let i_w := {}", field_literal(omega_inverse)));
            l.push("let minus1 := sub(r, 1)");
            match rotation {
                None | Some(0) => l.push(format!("let z := {x}")),
                Some(rotation) => {
                    let factor = field_literal(self.rotation_constant(i64::from(rotation)));
                    let l = &mut self.lines;
                    l.push(format!("let z := mulmod({x}, {factor}, r)"));
                }
            }
            let l = &mut self.lines;
            l.push(format!("let n := calldataload({first:#06x})"));
            l.note("let d := add(z, minus1)", "a word up to 2r: reduced by the next product");
            if index == 0 {
                l.push("ok := and(ok, lt(n, r))");
            }
            let term = |l: &mut Lines, word: String| {
                l.push("z := mulmod(z, i_w, r)");
                l.open("{");
                l.push(format!("let a := calldataload({word})"));
                if index == 0 {
                    l.push("ok := and(ok, lt(a, r))");
                }
                l.push("let t := add(z, minus1)");
                l.push("n := add(mulmod(n, t, r), mulmod(a, d, r))");
                l.push("d := mulmod(d, t, r)");
                l.close();
            };
            let rest = layout.instances - 1;
            let straight = if rest < 2 * INSTANCE_UNROLL { rest } else { rest % INSTANCE_UNROLL };
            for i in 0..straight {
                term(l, format!("{:#06x}", first + 0x20 * (1 + i)));
            }
            if straight < rest {
                l.push(format!("let p := {:#06x}", first + 0x20 * (1 + straight)));
                l.open(format!(
                    "for {{}} lt(p, {end:#06x}) {{ p := add(p, {:#06x}) }} {{",
                    0x20 * INSTANCE_UNROLL
                ));
                for i in 0..INSTANCE_UNROLL {
                    let word = if i == 0 { "p".into() } else { format!("add(p, {:#06x})", 0x20 * i) };
                    term(l, word);
                }
                l.close();
            }
            if let Some(rotation) = rotation {
                let numerator = self.memory.slot(format!("instances({rotation})"));
                let denominator = self.memory.slot(format!("1/instances({rotation})"));
                self.lines.push(format!("mstore({numerator:#06x}, n)"));
                self.lines.push(format!("mstore({denominator:#06x}, d)"));
                self.inverses.push((denominator, format!("instances({rotation})")));
            }
            self.lines.close();
        }
    }

    fn rotation_constant(&self, rotation: i64) -> Fr {
        let base = if rotation < 0 { self.p.omega.invert().unwrap_or(Fr::ONE) } else { self.p.omega };
        base.pow_vartime([rotation.unsigned_abs()])
    }

    /// Everything that has to be inverted, written to its place.
    fn denominators(&mut self) {
        let x = self.memory.load(challenge_name(Challenge::X));
        let xn = self.memory.slot("x^n");
        let vanishing = self.memory.slot("1/(x^n-1)");
        let l = &mut self.lines;
        l.phase("quotient", "x^n - 1, and the denominators of the boundary selectors.");
        l.open("{");
        l.push(format!("let t := {x}"));
        for _ in 0..self.p.k {
            l.push("t := mulmod(t, t, r)");
        }
        l.note(format!("mstore({xn:#06x}, t)"), format!("x^(2^{})", self.p.k));
        l.push(format!("mstore({vanishing:#06x}, add(t, sub(r, 1)))"));
        l.close();
        self.inverses.push((vanishing, "x^n - 1".into()));

        if self.has_permutation() {
            let first = self.memory.slot("1/(x-1)");
            let denominator = self.memory.slot("1/active");
            let numerator = self.memory.slot("active");
            let rest = self.memory.slot("active rest");
            let l = &mut self.lines;
            l.push(format!("mstore({first:#06x}, add({x}, sub(r, 1)))"));
            self.inverses.push((first, "x - 1".into()));
            // Rows −1 … −(b+1), the last of them the last usable row.
            l.push(format!(
                "// Sum of 1 / (x w^j - 1) over the {} rows from the last usable one on.",
                self.p.blinding_factors + 1
            ));
            l.open("{");
            l.push(format!("let w := {}", field_literal(self.p.omega)));
            l.push("let minus1 := sub(r, 1)");
            l.push(format!("let z := mulmod({x}, w, r)"));
            l.push("let n := 1");
            l.push("let d := add(z, minus1)");
            if self.p.blinding_factors == 0 {
                l.push(format!("mstore({rest:#06x}, 1)"));
            }
            for row in 1..=self.p.blinding_factors {
                if row == self.p.blinding_factors {
                    l.push(format!("mstore({rest:#06x}, d)"));
                }
                l.push("z := mulmod(z, w, r)");
                l.open("{");
                l.push("let t := add(z, minus1)");
                l.push("n := add(mulmod(n, t, r), d)");
                l.push("d := mulmod(d, t, r)");
                l.close();
            }
            l.push(format!("mstore({numerator:#06x}, n)"));
            l.push(format!("mstore({denominator:#06x}, d)"));
            l.close();
            self.inverses.push((denominator, "rows from the last usable one on".into()));
        }

        self.lines.phase("opening", "Distances of mu from the points opened; one inversion.");
        let mu = self.memory.load(challenge_name(Challenge::Mu));
        for rotation in self.layout.super_rotations.clone() {
            let slot = self.memory.slot(format!("1/(mu-x_{rotation})"));
            let point = if rotation == 0 {
                x.clone()
            } else {
                format!("mulmod({x}, {}, r)", field_literal(self.rotation_constant(rotation)))
            };
            self.lines.note(
                format!("mstore({slot:#06x}, add({mu}, sub(r, {point})))"),
                format!("mu - w^{rotation} x"),
            );
            self.inverses.push((slot, format!("mu - w^{rotation} x")));
        }
        let z_0 = self.memory.slot("z_0(mu)");
        let mut product = String::new();
        let rotations = self.layout.sets.first().map(|s| s.rotations.clone()).unwrap_or_default();
        for rotation in rotations {
            let factor = self.memory.load(format!("1/(mu-x_{rotation})"));
            product = if product.is_empty() { factor } else { format!("mulmod({factor}, {product}, r)") };
        }
        self.lines.note(format!("mstore({z_0:#06x}, mod({product}, r))"), "Z of the first set");
        if self.needs_inverse_of_x() {
            let slot = self.memory.slot("1/x");
            self.lines.push(format!("mstore({slot:#06x}, {x})"));
            self.inverses.push((slot, "x".into()));
        }
    }

    /// Inverts all denominators with one modular exponentiation.
    fn invert(&mut self) {
        let scratch = self.memory.next;
        let inverses = self.inverses.clone();
        let count = inverses.len();
        let l = &mut self.lines;
        l.open("{");
        let Some(((first, _), others)) = inverses.split_first() else {
            l.close();
            return;
        };
        l.push(format!("let p := mload({first:#06x})"));
        for (i, (slot, _)) in others.iter().enumerate() {
            l.push(format!("mstore({:#06x}, p)", scratch + 0x20 * i));
            l.push(format!("p := mulmod(p, mload({slot:#06x}), r)"));
        }
        let input = scratch + 0x20 * count;
        for i in 0..3 {
            l.push(format!("mstore({:#06x}, 0x20)", input + 0x20 * i));
        }
        l.push(format!("mstore({:#06x}, p)", input + 0x60));
        l.note(format!("mstore({:#06x}, sub(r, 2))", input + 0x80), "p^(r-2) = 1/p");
        l.push(format!("mstore({:#06x}, r)", input + 0xa0));
        l.push("mstore(0x00, 0)");
        l.push(format!(
            "if iszero(and(eq(returndatasize(), 0x20), staticcall(gas(), 0x05, {input:#06x}, 0xc0, \
             0x00, 0x20))) {{"
        ));
        l.push(format!("    {}", fail("PrecompileFailed()")));
        l.push("}");
        l.push("let i := mload(0x00)");
        l.note(
            format!("if iszero(eq(mulmod(i, p, r), 1)) {{ {} }}", fail("ChallengeDegenerate()")),
            "the inverse is checked, not trusted",
        );
        for (k, (slot, what)) in others.iter().enumerate().rev() {
            l.push(format!("p := mload({slot:#06x})"));
            l.note(
                format!("mstore({slot:#06x}, mulmod(i, mload({:#06x}), r))", scratch + 0x20 * k),
                format!("1/({what})"),
            );
            l.push("i := mulmod(i, p, r)");
        }
        l.note(
            format!("mstore({first:#06x}, i)"),
            format!("1/({})", inverses.first().map(|(_, w)| w.as_str()).unwrap_or_default()),
        );
        l.close();
    }

    /// The barycentric factor `(xⁿ − 1)/n` as a Yul expression.
    fn barycentric(&mut self) -> String {
        let n = Fr::from(2).pow_vartime([u64::from(self.p.k)]).invert().unwrap_or(Fr::ONE);
        format!("mulmod(add({}, sub(r, 1)), {}, r)", self.memory.load("x^n"), field_literal(n))
    }

    fn instances_value(&mut self) {
        if self.layout.instances == 0 || self.p.instance_queries.is_empty() {
            return;
        }
        self.lines.phase("instances", "Value of the polynomial of the instances.");
        let barycentric = self.barycentric();
        for rotation in self.p.instance_queries.clone() {
            let slot = self.memory.slot(format!("instances({rotation})"));
            let inverse = self.memory.load(format!("1/instances({rotation})"));
            self.lines.push(format!(
                "mstore({slot:#06x}, mulmod(mload({slot:#06x}), mulmod({inverse}, {barycentric}, \
                 r), r))"
            ));
        }
    }

    fn gate_node(&mut self, dag: &mut Dag, gate: &str, expression: &Expression) -> Result<NodeId, Error> {
        Ok(match expression {
            Expression::Constant(c) => dag.constant(*c),
            Expression::Query(q) => self.query_node(dag, gate, *q)?,
            Expression::Challenge(i) => {
                if *i >= self.p.challenges {
                    return Err(Error::MissingChallenge {
                        gate: gate.to_owned(),
                        index: *i,
                        count: self.p.challenges,
                    });
                }
                dag.leaf(self.memory.load(challenge_name(Challenge::Circuit(*i))))
            }
            Expression::Sum(a, b) => {
                let a = self.gate_node(dag, gate, a)?;
                let b = self.gate_node(dag, gate, b)?;
                dag.add(a, b)
            }
            Expression::Product(a, b) => {
                let a = self.gate_node(dag, gate, a)?;
                let b = self.gate_node(dag, gate, b)?;
                dag.multiply(a, b)
            }
            Expression::Scaled(a, factor) => {
                let a = self.gate_node(dag, gate, a)?;
                let factor = dag.constant(*factor);
                dag.multiply(a, factor)
            }
        })
    }

    fn query_node(&mut self, dag: &mut Dag, gate: &str, query: Query) -> Result<NodeId, Error> {
        let missing = || Error::MissingQuery {
            gate: gate.to_owned(),
            column: format!("{:?}", query.column),
            rotation: query.rotation,
        };
        if query.column == Column::Instance {
            if self.layout.instances == 0 || !self.p.instance_queries.contains(&query.rotation) {
                return Err(missing());
            }
            return Ok(dag.leaf(self.memory.load(format!("instances({})", query.rotation))));
        }
        let at = self.layout.evaluation(query.column, query.rotation).ok_or_else(missing)?;
        Ok(dag.leaf(format!("calldataload({at:#06x})")))
    }

    /// The expressions of the permutation argument, in halo2's order.
    fn permutation_nodes(&mut self, dag: &mut Dag) -> Result<Vec<(String, NodeId)>, Error> {
        if !self.has_permutation() {
            return Ok(Vec::new());
        }
        let layout = self.layout;
        let gate = "permutation argument";
        let l_0 = dag.leaf(self.memory.load("l_0"));
        let l_last = dag.leaf(self.memory.load("l_last"));
        let l_active = dag.leaf(self.memory.load("l_active"));
        let beta = dag.leaf(self.memory.load(challenge_name(Challenge::Beta)));
        let gamma = dag.leaf(self.memory.load(challenge_name(Challenge::Gamma)));
        let x = dag.leaf(self.memory.load(challenge_name(Challenge::X)));
        let one = dag.constant(Fr::ONE);
        let at = |dag: &mut Dag, offset: usize| dag.leaf(format!("calldataload({offset:#06x})"));

        let mut nodes = Vec::new();
        let products = &layout.product_evaluations;
        if let Some((first, _, _)) = products.first() {
            let z = at(dag, *first);
            let difference = dag.subtract(one, z);
            nodes.push(("z_0 starts at 1".to_owned(), dag.multiply(l_0, difference)));
        }
        if let Some((last, _, _)) = products.last() {
            let z = at(dag, *last);
            let square = dag.multiply(z, z);
            let difference = dag.subtract(square, z);
            nodes.push(("the last z ends at 0 or 1".to_owned(), dag.multiply(difference, l_last)));
        }
        for (i, pair) in products.windows(2).enumerate() {
            if let [(_, _, Some(previous)), (next, _, _)] = pair {
                let z = at(dag, *next);
                let previous = at(dag, *previous);
                let difference = dag.subtract(z, previous);
                nodes.push((format!("z_{} starts where z_{i} ends", i + 1), dag.multiply(difference, l_0)));
            }
        }
        let chunk = self.p.permutation_chunk.max(1);
        let beta_x = dag.multiply(beta, x);
        let mut delta = Fr::ONE;
        for (i, columns) in self.p.permutation.clone().chunks(chunk).enumerate() {
            let Some((z, z_next, _)) = products.get(i) else { continue };
            let mut left = at(dag, *z_next);
            let mut right = at(dag, *z);
            for (j, column) in columns.iter().enumerate() {
                let value = self.query_node(dag, gate, Query { column: *column, rotation: 0 })?;
                let value = dag.add(value, gamma);
                let sigma = layout.sigma_evaluations.get(i * chunk + j).copied().unwrap_or(0);
                let sigma = at(dag, sigma);
                let shuffled = dag.multiply(beta, sigma);
                let shuffled = dag.add(value, shuffled);
                left = dag.multiply(left, shuffled);
                let coset = dag.constant(delta);
                let identity = dag.multiply(beta_x, coset);
                let identity = dag.add(value, identity);
                right = dag.multiply(right, identity);
                delta *= self.p.delta;
            }
            let difference = dag.subtract(left, right);
            nodes.push((format!("z_{i} multiplies"), dag.multiply(difference, l_active)));
        }
        Ok(nodes)
    }

    fn quotient(&mut self) -> Result<(), Error> {
        self.lines.phase("quotient", "h(x) = sum of y^i times constraint i, over x^n - 1.");
        if self.has_permutation() {
            let barycentric = self.barycentric();
            let l_0 = self.memory.slot("l_0");
            let l_last = self.memory.slot("l_last");
            let l_active = self.memory.slot("l_active");
            let first = self.memory.load("1/(x-1)");
            let inverse = self.memory.load("1/active");
            let rest = self.memory.load("active rest");
            let sum = self.memory.load("active");
            let l = &mut self.lines;
            l.open("{");
            l.push(format!("let b := {barycentric}"));
            l.note(format!("mstore({l_0:#06x}, mulmod(b, {first}, r))"), "l_0(x)");
            l.push(format!("b := mulmod(b, {inverse}, r)"));
            l.note(format!("mstore({l_last:#06x}, mulmod(b, {rest}, r))"), "l_last(x)");
            l.note(
                format!("mstore({l_active:#06x}, add(1, sub(r, mulmod(b, {sum}, r))))"),
                "1 - l_last(x) - l_blind(x)",
            );
            l.close();
        }
        let mut dag = Dag::default();
        let mut roots: Vec<(String, NodeId)> = Vec::new();
        for gate in &self.p.gates {
            let node = self.gate_node(&mut dag, &gate.name, &gate.polynomial)?;
            roots.push((names::one_line(&gate.name), node));
        }
        roots.extend(self.permutation_nodes(&mut dag)?);
        let ids: Vec<NodeId> = roots.iter().map(|(_, id)| *id).collect();
        let mut emitter = Emitter::new(&dag, &ids, self.memory.next);
        let y = self.memory.load(challenge_name(Challenge::Y));
        let h = self.memory.slot("h(x)");
        let inverse = self.memory.load("1/(x^n-1)");
        let l = &mut self.lines;
        l.open("{");
        l.push(format!("let y := {y}"));
        l.push("let h");
        for (i, (name, id)) in roots.iter().enumerate() {
            let emitted = emitter.emit(*id);
            l.push(format!("// {name}"));
            for statement in emitter.take_statements() {
                l.push(statement);
            }
            if i == 0 {
                l.push(format!("h := {}", emitted.yul));
            } else if emitted.bound < 5 {
                l.push(format!("h := add(mulmod(h, y, r), {})", emitted.yul));
            } else {
                l.push(format!("h := addmod(mulmod(h, y, r), {}, r)", emitted.yul));
            }
        }
        l.note(format!("mstore({h:#06x}, mulmod(h, {inverse}, r))"), "h(x)");
        l.close();
        Ok(())
    }

    /// Writes a commitment to memory at `to`.
    fn put(&mut self, commitment: Commitment, to: usize, workspace: &Workspace) {
        let from_calldata = |offset: usize| format!("calldatacopy({to:#06x}, {offset:#06x}, 0x40)");
        let get = |offsets: &[usize], i: usize| offsets.get(i).copied().unwrap_or(0);
        match commitment {
            Commitment::Advice(i) => {
                let line = from_calldata(get(&self.layout.advice, i));
                self.lines.note(line, format!("[a_{i}]"));
            }
            Commitment::Product(i) => {
                let line = from_calldata(get(&self.layout.products, i));
                self.lines.note(line, format!("[z_{i}]"));
            }
            Commitment::Random => {
                let line = from_calldata(self.layout.random);
                self.lines.note(line, "[random]");
            }
            Commitment::Fixed(i) => {
                let point = self.p.fixed_commitments.get(i).copied().unwrap_or_default();
                self.put_constant(point, to, &format!("[f_{i}]"));
            }
            Commitment::Sigma(i) => {
                let point = self.p.permutation_commitments.get(i).copied().unwrap_or_default();
                self.put_constant(point, to, &format!("[s_{i}]"));
            }
            Commitment::Quotient => self.copy_point(workspace.quotient, to, "[h]"),
        }
    }

    fn put_constant(&mut self, point: G1Affine, to: usize, what: &str) {
        self.lines.note(format!("mstore({to:#06x}, {})", coordinate_literal(point.x)), what);
        self.lines.push(format!("mstore({:#06x}, {})", to + 0x20, coordinate_literal(point.y)));
    }

    fn copy_point(&mut self, from: usize, to: usize, what: &str) {
        self.lines.note(format!("mstore({to:#06x}, mload({from:#06x}))"), what);
        self.lines.push(format!("mstore({:#06x}, mload({:#06x}))", to + 0x20, from + 0x20));
    }

    /// `out := C + scalar · ACC`.
    fn multiply_add(&mut self, w: &Workspace, out: usize) {
        // Arguments run from right to left: the product, its size, the sum, its size.
        self.lines.push(format!(
            "ok := and(and(and(eq(returndatasize(), 0x40), staticcall(gas(), 0x06, {c:#06x}, 0x80, \
             {out:#06x}, 0x40)), and(eq(returndatasize(), 0x40), staticcall(gas(), 0x07, \
             {acc:#06x}, 0x60, {acc:#06x}, 0x40))), ok)",
            c = w.c,
            acc = w.acc,
        ));
    }

    /// Σ e_j ζ^j of one set's evaluations at one rotation, as statements that leave it in `e`.
    fn combine_evaluations(&mut self, set: usize, rotation: i64) {
        let Some(set) = self.layout.sets.get(set) else { return };
        let h = self.memory.load("h(x)");
        let words: Vec<String> = set
            .commitments
            .iter()
            .map(|commitment| match self.layout.opening(*commitment, rotation).and_then(|o| o.evaluation) {
                Some(at) => format!("calldataload({at:#06x})"),
                None => h.clone(),
            })
            .collect();
        let mut reversed = words.iter().rev();
        let Some(last) = reversed.next() else { return };
        let mut expression = last.clone();
        let mut levels = 0;
        let mut started = false;
        for word in reversed {
            expression = format!("add({word}, mulmod(zeta, {expression}, r))");
            levels += 1;
            if levels == 5 {
                self.assign(&mut started, &expression);
                expression = "e".into();
                levels = 0;
            }
        }
        if levels > 0 || !started {
            self.assign(&mut started, &expression);
        }
    }

    fn assign(&mut self, started: &mut bool, expression: &str) {
        let keyword = if *started { "" } else { "let " };
        self.lines.push(format!("{keyword}e := {expression}"));
        *started = true;
    }

    /// SHPLONK: the value that the combined commitment must have at `μ`.
    fn evaluation(&mut self) {
        let layout = self.layout;
        let minus_evaluation = self.memory.slot("-evaluation");
        let z_0 = self.memory.load("z_0(mu)");
        let nu = self.memory.load(challenge_name(Challenge::Nu));
        let zeta = self.memory.load(challenge_name(Challenge::Zeta));
        self.lines.phase("opening", "SHPLONK: the value that the combined commitment must have.");
        self.lines.open("{");
        self.lines.push("let total");
        self.lines.push(format!("let zeta := {zeta}"));
        self.lines.note(format!("let weight := {z_0}"), "Z_0(mu) nu^i");
        for (index, set) in layout.sets.iter().enumerate() {
            self.lines.push(format!("// Set {index}: rotations {:?}.", set.rotations));
            if index > 0 {
                self.lines.push(format!("weight := mulmod(weight, {nu}, r)"));
                let mut factor = "weight".to_owned();
                for rotation in &set.rotations {
                    let inverse = self.memory.load(format!("1/(mu-x_{rotation})"));
                    factor = format!("mulmod({inverse}, {factor}, r)");
                }
                let slot = self.memory.slot(format!("factor {index}"));
                self.lines.push(format!("mstore({slot:#06x}, {factor})"));
            }
            for rotation in &set.rotations {
                self.lines.open("{");
                self.combine_evaluations(index, *rotation);
                // λ = weight / (μ − x_k) / Π (x_k − x_m), x_k − x_m = x (ω^k − ω^m).
                let inverse = self.memory.load(format!("1/(mu-x_{rotation})"));
                let mut factor = format!("mulmod(weight, {inverse}, r)");
                if index > 0 && set.rotations.len() == 1 {
                    factor = self.memory.load(format!("factor {index}"));
                }
                let mut differences = Fr::ONE;
                for other in set.rotations.iter().filter(|other| *other != rotation) {
                    differences *= self.rotation_constant(*rotation) - self.rotation_constant(*other);
                    let inverse = self.memory.load("1/x");
                    factor = format!("mulmod({inverse}, {factor}, r)");
                }
                if set.rotations.len() > 1 {
                    let constant = field_literal(differences.invert().unwrap_or(Fr::ZERO));
                    factor = format!("mulmod({constant}, {factor}, r)");
                }
                self.lines.push(format!("total := addmod(total, mulmod(e, {factor}, r), r)"));
                self.lines.close();
            }
        }
        self.lines.push(format!("mstore({minus_evaluation:#06x}, sub(r, total))"));
        self.lines.close();
    }

    /// SHPLONK: the combined commitment.
    fn commitment(&mut self) {
        let layout = self.layout;
        let minus_evaluation = self.memory.slot("-evaluation");
        let z_0 = self.memory.load("z_0(mu)");
        let zeta = self.memory.load(challenge_name(Challenge::Zeta));
        self.lines.phase("opening", "SHPLONK: the combined commitment.");
        let base = self.memory.next;
        let w = Workspace {
            c: base,
            acc: base + 0x40,
            scalar: base + 0x80,
            outer: base + 0xa0,
            quotient: base + 0xe0,
            pairing: base + 0x120,
        };
        // The quotient from its pieces: h = h_0 + x^n h_1 + …
        if let Some((last, others)) = layout.quotient.split_last() {
            if others.is_empty() {
                self.lines.note(format!("calldatacopy({:#06x}, {last:#06x}, 0x40)", w.quotient), "[h]");
            } else {
                let xn = self.memory.load("x^n");
                self.lines.push("// [h] = [h_0] + x^n ([h_1] + x^n (…)).");
                self.lines.push(format!("mstore({:#06x}, {xn})", w.scalar));
                self.lines.push(format!("calldatacopy({:#06x}, {last:#06x}, 0x40)", w.acc));
                for (i, at) in others.iter().enumerate().rev() {
                    self.lines
                        .note(format!("calldatacopy({:#06x}, {at:#06x}, 0x40)", w.c), format!("[h_{i}]"));
                    self.multiply_add(&w, if i == 0 { w.quotient } else { w.acc });
                }
            }
        }
        for (index, set) in layout.sets.iter().enumerate() {
            self.lines.push(format!("// Set {index}."));
            let last_set = index + 1 == layout.sets.len();
            let target = if last_set { w.c } else { w.outer };
            let Some((start, others)) = set.commitments.split_last() else { continue };
            if others.is_empty() && index == 0 {
                self.put(*start, target, &w);
                continue;
            }
            self.put(*start, w.acc, &w);
            if !others.is_empty() {
                self.lines.push(format!("mstore({:#06x}, {zeta})", w.scalar));
            }
            for (i, commitment) in others.iter().enumerate().rev() {
                self.put(*commitment, w.c, &w);
                self.multiply_add(&w, if i == 0 && index == 0 { target } else { w.acc });
            }
            if index > 0 {
                let factor = self.memory.load(format!("factor {index}"));
                self.lines.push(format!("mstore({:#06x}, {factor})", w.scalar));
                self.copy_point(w.outer, w.c, "sets so far");
                self.multiply_add(&w, target);
            }
        }
        self.lines.push("// - evaluation [1] - Z_0(mu) [W] + mu [W'].");
        let mu = self.memory.load(challenge_name(Challenge::Mu));
        let g1 = self.p.g1;
        self.put_constant(g1, w.acc, "[1]");
        self.lines.push(format!("mstore({:#06x}, mload({minus_evaluation:#06x}))", w.scalar));
        self.multiply_add(&w, w.c);
        self.lines.note(format!("calldatacopy({:#06x}, {:#06x}, 0x40)", w.acc, layout.w), "[W]");
        self.lines.push(format!("mstore({:#06x}, sub(r, {z_0}))", w.scalar));
        self.multiply_add(&w, w.c);
        self.lines.note(format!("calldatacopy({:#06x}, {:#06x}, 0x40)", w.acc, layout.w_prime), "[W']");
        self.lines.push(format!("mstore({:#06x}, {mu})", w.scalar));
        self.multiply_add(&w, w.pairing + 0xc0);
        self.memory.slots.insert("pairing input".into(), w.pairing);
    }

    fn pairing(&mut self) {
        let at = self.memory.slot("pairing input");
        self.lines.phase("pairing", "e([W'], [s]) e(combined, -[1]) = 1.");
        let w_prime = self.layout.w_prime;
        self.lines.note(format!("calldatacopy({at:#06x}, {w_prime:#06x}, 0x40)"), "[W']");
        self.put_g2(self.p.s_g2, at + 0x40, "[s]");
        self.put_g2(-self.p.g2, at + 0x100, "-[1]");
        let l = &mut self.lines;
        l.push("mstore(0x00, 0)");
        l.push(format!(
            "if iszero(and(eq(returndatasize(), 0x20), staticcall(gas(), 0x08, {at:#06x}, 0x0180, \
             0x00, 0x20))) {{"
        ));
        l.push(format!("    {}", fail("PrecompileFailed()")));
        l.push("}");
        l.push(format!("if iszero(eq(mload(0x00), 1)) {{ {} }}", fail("ProofInvalid()")));
    }

    /// EIP-197 order: the imaginary part first.
    fn put_g2(&mut self, point: G2Affine, at: usize, what: &str) {
        let Fq2 { c0: x0, c1: x1 } = point.x;
        let Fq2 { c0: y0, c1: y1 } = point.y;
        for (i, coordinate) in [x1, x0, y1, y0].into_iter().enumerate() {
            let line = format!("mstore({:#06x}, {})", at + 0x20 * i, coordinate_literal(coordinate));
            if i == 0 { self.lines.note(line, what) } else { self.lines.push(line) }
        }
    }
}
