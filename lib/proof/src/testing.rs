//! A small circuit with everything a verifier must handle: two phases, challenges, rotations, a
//! permutation over several products, fixed columns and public inputs. For tests of backends and
//! verifier generators.

use crate::{Backend, Proof, error::Error, halo2, srs::Srs};
use hallmark_circuit::{
    description::{AdviceColumn, Cell, Column, Description, Expression, Gate, Phase, Witness},
    field::{Field, Fr},
};

/// `instances` numbers `v_i` are public; the circuit squares them, sums `r^i v_i²` with a challenge
/// `r`, and copies cells around.
#[derive(Clone, Debug)]
pub struct SmallCircuit {
    values: Vec<Fr>,
}

const ROWS: usize = 20;

impl SmallCircuit {
    /// A circuit with `instances` public values (at most 20).
    pub fn new(instances: usize) -> Self {
        Self { values: (0..instances.min(ROWS)).map(|i| Fr::from(3 + 5 * i as u64)).collect() }
    }

    /// Its description, of size `2^6`.
    pub fn description(&self) -> Description {
        let advice = |i| Expression::current(Column::Advice(i));
        let active = Expression::current(Column::Fixed(0));
        let boundary = Expression::current(Column::Fixed(1));
        let public = Expression::current(Column::Fixed(2));
        let (value, square, power, sum) = (advice(0), advice(1), advice(2), advice(3));
        let mut gates = vec![
            Gate {
                name: "square".into(),
                polynomial: active.clone() * (square.clone() - value.clone() * value.clone()),
            },
            Gate {
                name: "power".into(),
                polynomial: active.clone()
                    * (Expression::next(Column::Advice(2)) - power.clone() * Expression::Challenge(0)),
            },
            Gate {
                name: "sum".into(),
                polynomial: active.clone()
                    * (Expression::next(Column::Advice(3))
                        - sum.clone()
                        - power.clone() * square.clone() * value.clone()),
            },
            Gate { name: "start".into(), polynomial: boundary.clone() * (power - Expression::one()) },
            Gate { name: "start sum".into(), polynomial: boundary * (sum - Expression::Challenge(1)) },
        ];
        if !self.values.is_empty() {
            gates.push(Gate {
                name: "public".into(),
                polynomial: public.clone() * (value - Expression::current(Column::Instance)),
            });
        }
        let cell = |column, row| Cell { column: Column::Advice(column), row };
        let names = ["value", "square", "power", "sum"];
        let mut fixed_values = vec![vec![Fr::ONE; ROWS], vec![Fr::ONE]];
        let mut fixed = vec!["active".to_owned(), "boundary".to_owned()];
        if !self.values.is_empty() {
            fixed_values.push(vec![Fr::ONE; self.values.len()]);
            fixed.push("public".into());
        }
        Description {
            k: 6,
            rows: ROWS + 1,
            advice: names
                .iter()
                .enumerate()
                .map(|(i, name)| AdviceColumn {
                    name: (*name).into(),
                    phase: if i < 2 { Phase::First } else { Phase::Second },
                })
                .collect(),
            fixed,
            fixed_values,
            challenges: vec!["r".into(), "s".into()],
            gates,
            lookups: vec![],
            permutation: (0..4).map(Column::Advice).collect(),
            copies: vec![(cell(0, ROWS - 1), cell(0, ROWS)), (cell(1, ROWS - 1), cell(1, ROWS))],
            instances: self.values.len(),
        }
    }

    /// Keys and one proof under a seeded dev SRS.
    ///
    /// # Errors
    /// As the backend's.
    pub fn prove(&self) -> Result<(halo2::ProvingKey, Proof), Error> {
        let srs = Srs::dev_from_seed(6, [7; 32]);
        let key = halo2::Halo2.setup(&self.description(), &srs)?;
        let proof = halo2::Halo2.prove(&key, &srs, self)?;
        Ok((key, proof))
    }

    fn column(&self) -> Vec<Fr> {
        let mut column: Vec<Fr> =
            (0..ROWS).map(|i| self.values.get(i).copied().unwrap_or(Fr::from(2))).collect();
        column.push(column[ROWS - 1]);
        column
    }
}

impl Witness for SmallCircuit {
    fn first_phase(&self) -> Vec<(usize, Vec<Fr>)> {
        let values = self.column();
        let squares = values.iter().map(|v| v * v).collect();
        vec![(0, values), (1, squares)]
    }
    fn second_phase(&self, challenges: &[Fr]) -> Vec<(usize, Vec<Fr>)> {
        let mut powers = vec![Fr::ONE];
        let mut sums = vec![challenges[1]];
        for (i, value) in self.column().iter().take(ROWS).enumerate() {
            powers.push(powers[i] * challenges[0]);
            sums.push(sums[i] + powers[i] * value * value * value);
        }
        vec![(2, powers), (3, sums)]
    }
    fn instances(&self) -> Vec<Fr> {
        self.values.clone()
    }
}
