//! `hallmark doctor`.

use crate::cache::write_atomically;
use crate::error::{Failure, Outcome};
use crate::forge::Forge;
use crate::opts::DoctorArgs;
use crate::output::{Shell, table};
use crate::pipeline;
use crate::project::Project;
use crate::settings::SETTINGS_FILE;
use hallmark_scaffold as scaffold;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// What was found, or what is wrong.
    found: String,
    /// What mends it.
    mend: Option<String>,
}

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: DoctorArgs) -> Outcome<()> {
    let here = folder.clone().unwrap_or_else(|| PathBuf::from("."));
    // Projects for Hardhat and Remix need no forge.
    let framework = Project::open(folder.clone()).ok().and_then(|p| scaffold::framework_of(&p.root).ok());
    let needs_forge = framework.is_none_or(|framework| framework == scaffold::Framework::Foundry);
    let mut checks = Vec::new();
    if needs_forge {
        checks.push(check(
            "forge",
            Forge::locate(&here).map(|f| format!("{} ({})", f.version, f.path.display())),
        ));
    }
    checks.extend([
        check(
            "solc",
            pipeline::locate_solc(&args.solc, &here)
                .map(|solc| format!("{} ({})", solc.version(), solc.path().display())),
        ),
        check("SRS folder", pipeline::srs_folder().and_then(|folder| writable(&folder))),
    ]);
    let inside = folder.is_some() || nearest(&here);
    if inside {
        checks.push(check("project", Project::open(folder).and_then(|project| describe(&project))));
    }
    let healthy = checks.iter().all(|check| check.ok);
    shell.result(&serde_json::json!({ "ok": healthy, "checks": checks }), || {
        let rows: Vec<_> = checks
            .iter()
            .map(|check| {
                let mark = if check.ok { "ok     " } else { "MISSING" };
                vec![format!("{mark}  {:<10}  {}", check.name, first_line(&check.found))]
            })
            .collect();
        let mut text = table(&rows);
        for check in checks.iter().filter(|check| !check.ok) {
            for line in check.found.lines().skip(1) {
                text.push_str(&format!("{}: {line}\n", check.name));
            }
            if let Some(mend) = &check.mend {
                text.push_str(&format!("{}: {mend}\n", check.name));
            }
        }
        text
    })?;
    if healthy {
        return Ok(());
    }
    let missing: Vec<_> = checks.iter().filter(|c| !c.ok).map(|c| c.name).collect();
    Err(Failure::new(format!("not ready: {}", missing.join(", "))))
}

fn check(name: &'static str, found: Outcome<String>) -> Check {
    match found {
        Ok(found) => Check { name, ok: true, found, mend: None },
        Err(failure) => Check { name, ok: false, found: failure.message, mend: failure.hint },
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn nearest(here: &Path) -> bool {
    let absolute = here.canonicalize().unwrap_or_else(|_| here.to_path_buf());
    absolute.ancestors().any(|folder| folder.join(SETTINGS_FILE).is_file())
}

fn writable(folder: &Path) -> Outcome<String> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("create", folder, &error))?;
    let probe = folder.join(".probe");
    write_atomically(&probe, b"")?;
    let _ = std::fs::remove_file(probe);
    Ok(folder.display().to_string())
}

fn describe(project: &Project) -> Outcome<String> {
    let settings = &project.settings.model;
    let files = [Some(&settings.path), Some(&settings.input), settings.calibration.as_ref()];
    for file in files.into_iter().flatten() {
        let path = project.path(file);
        if !path.is_file() {
            return Err(Failure::new(format!("`{}` is missing", path.display()))
                .hint(format!("correct it in {SETTINGS_FILE}")));
        }
    }
    project.cache.create()?;
    Ok(project.root.display().to_string())
}
