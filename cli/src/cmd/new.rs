//! `hallmark new`.

use crate::cache::{CACHE_FOLDER, write_atomically};
use crate::error::{Failure, Outcome};
use crate::inputs;
use crate::opts::{CiArg, ModelArgs, NewArgs};
use crate::output::{Shell, thousands};
use crate::pipeline::EvmReport;
use crate::project::Project;
use crate::settings::{
    AccuracySettings, CircuitSettings, ModelSettings, ProofSettings, Settings, objective_name,
};
use crate::stages::Bench;
use crate::{cache::Cache, cmd::build};
use hallmark_scaffold::{self as scaffold, Framework, ProjectSpec, Template, Written};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn run(shell: &Shell, args: NewArgs) -> Outcome<()> {
    // Everything that can be wrong with the place is said before the work begins.
    scaffold::check_new(&args.dir)?;
    let made = make(shell, &args.model, args.template.into(), args.framework.into(), &args.dir)?;
    let written = scaffold::new_project(&args.dir, &made.spec)?;
    made.keep_cache(&args.dir)?;
    report(shell, &args.dir, &made, &written)
}

/// A model taken through the pipeline, in a folder that goes away.
pub(crate) struct Made {
    folder: tempfile::TempDir,
    pub(crate) spec: ProjectSpec,
    pub(crate) report: EvmReport,
}

/// Runs the pipeline for the project that will be in `dir`.
pub(crate) fn make(
    shell: &Shell,
    args: &ModelArgs,
    template: Template,
    framework: Framework,
    dir: &Path,
) -> Outcome<Made> {
    let folder = tempfile::Builder::new()
        .prefix("hallmark-")
        .tempdir()
        .map_err(|error| Failure::io("create", &std::env::temp_dir(), &error))?;
    let settings = stage_files(shell, args, template, folder.path())?;
    let cache = Cache::open(folder.path());
    let project = Project { root: folder.path().to_path_buf(), settings, cache };
    let mut bench = Bench::open(shell, project, false)?;
    // The compiler is looked for from where the project will be.
    let (mut spec, report) = bench.everything_for(&args.solc, &existing(dir))?;
    spec.ci = match args.ci {
        CiArg::Github => scaffold::Ci::Github,
        CiArg::Gitlab => scaffold::Ci::Gitlab,
        CiArg::None => scaffold::Ci::None,
    };
    spec.template = template;
    spec.framework = framework;
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    if let Some(name) = absolute.file_name() {
        spec.project_name = name.to_string_lossy().into_owned();
    }
    Ok(Made { folder, spec, report })
}

/// The nearest folder at or above `dir` that exists.
fn existing(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    let found = absolute.ancestors().find(|folder| folder.is_dir());
    found.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Lays model and inputs out as the project will have them.
fn stage_files(shell: &Shell, args: &ModelArgs, template: Template, root: &Path) -> Outcome<Settings> {
    let folder = root.join("model");
    fs::create_dir_all(&folder).map_err(|error| Failure::io("create", &folder, &error))?;
    let put = |name: &str, bytes: &[u8]| -> Outcome<PathBuf> {
        write_atomically(&folder.join(name), bytes)?;
        Ok(Path::new("model").join(name))
    };
    let mut members = BTreeMap::new();
    for (name, model) in template.members() {
        if args.model.is_some() {
            return Err(Failure::new(format!("template `{}` has several models", template.name()))
                .hint("leave --model out, then put your own in the place of those in hallmark.toml"));
        }
        let own = folder.join(name);
        fs::create_dir_all(&own).map_err(|error| Failure::io("create", &own, &error))?;
        let settings = ModelSettings {
            name: Some(scaffold::plain_name(model.name)),
            path: put(&format!("{name}/model.onnx"), model.onnx)?,
            input: put(&format!("{name}/input.json"), model.input)?,
            calibration: Some(put(&format!("{name}/calibration.json"), model.calibration)?),
            dimensions: BTreeMap::new(),
        };
        members.insert(name.to_owned(), settings);
    }
    let dimensions: BTreeMap<_, _> = args.dimensions.dimensions.iter().cloned().collect();
    let (name, path, input, calibration) = if let Some(source) = &args.model {
        let loaded = inputs::load(&Shell::silent(), source, &dimensions)?;
        let outputs: Vec<_> = loaded.model.outputs().iter().map(|output| &output.shape).collect();
        template.check_outputs(&outputs)?;
        let path = put("model.onnx", &loaded.onnx)?;
        let copy = |file: &Path, stem: &str| -> Outcome<PathBuf> {
            let bytes = fs::read(file).map_err(|error| Failure::io("read", file, &error))?;
            let extension = file.extension().map_or("json".into(), |e| e.to_string_lossy());
            put(&format!("{stem}.{}", extension.to_lowercase()), &bytes)
        };
        let input = match &args.input {
            Some(file) => {
                inputs::read(file, &loaded.model)?;
                copy(file, "input")?
            }
            None => {
                let sample = inputs::random(shell, &loaded.model, inputs::DEFAULT_SEED)?;
                put("input.json", &inputs::to_json(&sample))?
            }
        };
        let calibration = match &args.calibration {
            Some(file) => {
                inputs::read_many(file, &loaded.model)?;
                Some(copy(file, "calibration")?)
            }
            None => None,
        };
        (loaded.name, path, input, calibration)
    } else {
        let demo = template.model();
        shell.note(&format!("no --model given: using the embedded model `{}`", demo.name));
        (
            demo.name.to_owned(),
            put("model.onnx", demo.onnx)?,
            put("input.json", demo.input)?,
            Some(put("calibration.json", demo.calibration)?),
        )
    };
    let accuracy = match args.accuracy.bound() {
        hallmark_graph::AccuracyBound::Absolute(bound) => {
            AccuracySettings { max_abs_error: Some(bound), max_rel_error: None }
        }
        hallmark_graph::AccuracyBound::Relative(bound) => {
            AccuracySettings { max_abs_error: None, max_rel_error: Some(bound) }
        }
    };
    Ok(Settings {
        model: ModelSettings {
            name: Some(scaffold::plain_name(&name)),
            path,
            input,
            calibration,
            dimensions,
        },
        accuracy,
        circuit: CircuitSettings {
            backend: None,
            objective: Some(objective_name(args.objective.into()).to_owned()),
        },
        members,
        proofs: template.proofs().iter().map(ProofSettings::of_template).collect(),
        srs: Default::default(),
        contracts: Default::default(),
        gas: Default::default(),
        budget: Default::default(),
    })
}

impl Made {
    /// Moves the cache into the project, so that its first `build` has nothing to do.
    pub(crate) fn keep_cache(&self, dir: &Path) -> Outcome<()> {
        let from = self.folder.path().join(CACHE_FOLDER);
        let to = dir.join(CACHE_FOLDER);
        if to.exists() {
            return Ok(());
        }
        let staging = dir.join(format!("{CACHE_FOLDER}.tmp"));
        copy_folder(&from, &staging).and_then(|()| fs::rename(&staging, &to)).map_err(|error| {
            let _ = fs::remove_dir_all(&staging);
            Failure::io("write", &to, &error)
        })
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Says what was made and what to do next.
pub(crate) fn report(shell: &Shell, dir: &Path, made: &Made, written: &Written) -> Outcome<()> {
    build::report_skipped(shell, written);
    let evm = &made.report;
    let value = json!({
        "project": dir,
        "template": made.spec.template.name(),
        "framework": made.spec.framework.name(),
        "model": made.spec.main.files.name,
        "written": build::names(&written.written),
        "skipped": build::skipped(written),
        "verifying_key_id": hex::encode(made.spec.main.fixture.verifying_key_id),
        "proof_bytes": made.spec.main.fixture.proof.len(),
        "instances": made.spec.main.fixture.instances.len(),
        "verifier_runtime_bytes": evm.runtime_bytes,
        "verify_gas": evm.profile.total,
        "hard_fork": evm.hard_fork,
        "dev_srs": made.spec.main.dev_srs,
    });
    if made.spec.main.dev_srs {
        shell.warn("made with a development SRS: its verifier refuses every chain but 31337");
    }
    let added = |name: &str| written.written.iter().any(|path| path == Path::new(name));
    let next = match made.spec.framework.test_command(added("package.json")) {
        Some(command) if dir == Path::new(".") => command.to_owned(),
        Some(command) => format!("cd {} && {command}", dir.display()),
        None => format!("read {}", dir.join("README.md").display()),
    };
    shell.result(&value, || {
        let rows = [
            ("project", dir.display().to_string()),
            ("template", made.spec.template.name().to_owned()),
            ("model", made.spec.main.files.name.clone()),
            ("files", written.written.len().to_string()),
            ("proof", format!("{} bytes", thousands(made.spec.main.fixture.proof.len() as u64))),
            ("verifier", format!("{} bytes of code", thousands(evm.runtime_bytes as u64))),
            ("verify gas", format!("{} ({})", thousands(evm.profile.total), evm.hard_fork.name())),
            ("next", next),
        ];
        rows.iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect()
    })
}
