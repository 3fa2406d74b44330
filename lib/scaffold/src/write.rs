//! Files to disk: complete or not at all.

use crate::frameworks::{Framework, hardhat};
use crate::layout::{Additions, File, LOCK_FILE, Lock, Ownership, Paths, SETTINGS_FILE, slashes};
use crate::spec::ProjectSpec;
use crate::{Error, render};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Files written, relative to the project.
    pub written: Vec<PathBuf>,
    /// Files left as they are.
    pub skipped: Vec<Skipped>,
    /// Things that the person should know.
    pub notes: Vec<String>,
}

/// A file left as it is.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// Relative to the project.
    pub path: PathBuf,
    /// Why.
    pub reason: &'static str,
}

/// Fails when `dir` cannot become a new project: to be asked before the costly part.
pub fn check_new(dir: &Path) -> Result<(), Error> {
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Error::NotEmpty(dir.to_path_buf()));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(Error::NotEmpty(dir.to_path_buf()));
        }
        Err(error) => return Err(Error::io("read", dir)(error)),
    }
    // Made and removed again: whether a folder is writable is best found out by writing.
    let parent = parent_of(dir);
    fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
    staging(&parent).map(drop)
}

/// Fails when a project cannot be added in `dir`: to be asked before the costly part.
pub fn check_init(dir: &Path, framework: Framework) -> Result<(), Error> {
    Paths::read(framework, dir)?;
    for name in [SETTINGS_FILE, LOCK_FILE] {
        if dir.join(name).exists() {
            return Err(Error::AlreadyInitialised(dir.join(name)));
        }
    }
    staging(dir).map(drop)
}

/// Makes a project in `dir`, which must not exist or be empty.
pub fn new_project(dir: &Path, spec: &ProjectSpec) -> Result<Written, Error> {
    check_new(dir)?;
    let paths = Paths::of(spec.framework);
    let mut files = render::files(spec, &paths)?;
    files.push(lock_file(&paths, spec, &files));
    // Written next to its place, then moved there in one step.
    let staging = staging(&parent_of(dir))?;
    let root = staging.path().join("project");
    for file in &files {
        let path = root.join(&file.path);
        let folder = parent_of(&path);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        fs::write(&path, &file.contents).map_err(Error::io("write", &path))?;
    }
    if dir.exists() {
        fs::remove_dir(dir).map_err(Error::io("replace", dir))?;
    }
    fs::rename(&root, dir).map_err(Error::io("create", dir))?;
    Ok(Written { written: files.into_iter().map(|file| file.path).collect(), ..Written::default() })
}

/// Adds the same to the existing project in `dir`. A file that exists is never touched; where one of
/// our sources, tests or scripts would collide with another, ours go to folders named `hallmark`.
pub fn init_project(dir: &Path, spec: &ProjectSpec) -> Result<Written, Error> {
    let (files, planned) = additions(dir, spec)?;
    let written = place(dir, &files, false)?;
    Ok(Written { written, ..planned })
}

/// What [`init_project`] would do; nothing is written.
pub fn plan_init(dir: &Path, spec: &ProjectSpec) -> Result<Written, Error> {
    let (files, planned) = additions(dir, spec)?;
    Ok(Written { written: files.into_iter().map(|file| file.path).collect(), ..planned })
}

/// The files that are to be added, and what is left as it is.
fn additions(dir: &Path, spec: &ProjectSpec) -> Result<(Vec<File>, Written), Error> {
    check_init(dir, spec.framework)?;
    let mut paths = Paths::read(spec.framework, dir)?;
    let mut files = render::files(spec, &paths)?;
    let mut notes = Vec::new();
    let library = paths.library();
    let folders = [paths.foundry.src.clone(), paths.foundry.test.clone(), paths.foundry.script.clone()];
    let collides = |file: &File| {
        file.path.extension().is_some_and(|extension| extension == "sol" || extension == "ts")
            && folders.iter().any(|folder| file.path.starts_with(folder))
            && !file.path.starts_with(&library)
            && dir.join(&file.path).exists()
    };
    if let Some(file) = files.iter().find(|file| collides(file)) {
        notes.push(format!(
            "`{}` exists: sources, tests and scripts go to folders named `hallmark`",
            file.path.display()
        ));
        paths = paths.nested();
        files = render::files(spec, &paths)?;
    }
    if paths.framework == Framework::Hardhat {
        notes.extend(hardhat::notes(dir, &paths, spec));
    }
    let mut skipped = Vec::new();
    files.retain(|file| {
        let path = dir.join(&file.path);
        // Also a link that leads nowhere is something that exists.
        let exists = path.symlink_metadata().is_ok();
        if exists {
            let same = fs::read(&path).is_ok_and(|found| found == file.contents);
            let reason = if same { "exists, identical" } else { "exists" };
            skipped.push(Skipped { path: file.path.clone(), reason });
        }
        !exists
    });
    let init = Additions { folders: missing_folders(dir, &files), files: hashes(&files, Ownership::Person) };
    files.push(lock_with(&paths, spec, &files, Some(init)));
    Ok((files, Written { written: Vec::new(), skipped, notes }))
}

/// Folders that the files need and that are not there, each after the one that it is in.
fn missing_folders(dir: &Path, files: &[File]) -> Vec<String> {
    let mut missing = BTreeSet::new();
    for file in files {
        let folders = file.path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        missing.extend(folders.take_while(|folder| !dir.join(folder).exists()).map(slashes));
    }
    missing.into_iter().collect()
}

/// What [`undo_init`] did, or would do.
#[derive(Clone, Debug, Default)]
pub struct Undone {
    /// Files removed, relative to the project.
    pub removed: Vec<PathBuf>,
    /// Files left as they are.
    pub kept: Vec<Skipped>,
}

/// Removes exactly what [`init_project`] added to the project in `dir`: files that are as they were
/// written, and folders that were made for them and are empty now. What somebody changed since stays.
/// With `dry_run` nothing is removed.
pub fn undo_init(dir: &Path, dry_run: bool) -> Result<Undone, Error> {
    let (lock_path, _, lock) = read_lock(dir)?;
    let init = lock.init.ok_or_else(|| Error::NothingToUndo(lock_path.clone()))?;
    let mut undone = Undone::default();
    for (name, hash) in lock.files.iter().chain(&init.files) {
        let path = PathBuf::from(name);
        match fs::read(dir.join(&path)) {
            Ok(found) if sha256(&found) == *hash => undone.removed.push(path),
            Ok(_) => undone.kept.push(Skipped { path, reason: "changed by hand" }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &dir.join(&path))(error)),
        }
    }
    undone.removed.sort();
    // Last, so that what is interrupted can be begun again.
    undone.removed.push(LOCK_FILE.into());
    if dry_run {
        return Ok(undone);
    }
    for path in &undone.removed {
        let path = dir.join(path);
        fs::remove_file(&path).map_err(Error::io("remove", &path))?;
    }
    for folder in init.folders.iter().rev() {
        // One that has something else in it by now stays.
        let _ = fs::remove_dir(dir.join(folder));
    }
    Ok(undone)
}

fn read_lock(dir: &Path) -> Result<(PathBuf, String, Lock), Error> {
    let path = dir.join(LOCK_FILE);
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let invalid = |message: String| Error::Lock { path: path.clone(), message };
    let lock: Lock = toml::from_str(&text).map_err(|error| invalid(error.message().to_owned()))?;
    if lock.version != Lock::VERSION {
        return Err(invalid(format!("version {} is not known", lock.version)));
    }
    // Paths come from a file: none may lead out of the project.
    let additions = lock.init.iter().flat_map(|init| init.files.keys().chain(&init.folders));
    for name in lock.files.keys().chain(additions) {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || name.is_empty() {
            return Err(invalid(format!("`{name}` is not a path inside the project")));
        }
    }
    Ok((path, text, lock))
}

/// What the generated files of the project in `dir` come from, by name, as its lock file says; nothing
/// without a lock file that can be read.
pub fn provenance_of(dir: &Path) -> Option<BTreeMap<String, String>> {
    read_lock(dir).ok().map(|(_, _, lock)| lock.provenance)
}

/// The framework of the project in `dir`, as its lock file says.
pub fn framework_of(dir: &Path) -> Result<Framework, Error> {
    let (path, _, lock) = read_lock(dir)?;
    Ok(paths_of(&path, &lock)?.framework)
}

fn paths_of(lock_path: &Path, lock: &Lock) -> Result<Paths, Error> {
    lock.paths().ok_or_else(|| Error::Lock {
        path: lock_path.to_path_buf(),
        message: "its framework is not known".to_owned(),
    })
}

/// Rewrites the generated files of the project in `dir` whose contents change, except those that
/// somebody edited. What a person owns is left alone.
pub fn refresh_project(dir: &Path, spec: &ProjectSpec) -> Result<Written, Error> {
    let (lock_path, text, lock) = read_lock(dir)?;
    let paths = paths_of(&lock_path, &lock)?;
    // Where generated files say what the consumer does, it is as when they were first written.
    let spec = &ProjectSpec { template: lock.template().unwrap_or(spec.template), ..spec.clone() };
    let mut skipped = Vec::new();
    let mut changed = Vec::new();
    let mut new_lock = Lock::new(&paths, spec.template, spec.provenance.clone());
    new_lock.init.clone_from(&lock.init);
    for file in render::files(spec, &paths)? {
        if file.ownership != Ownership::Generated {
            continue;
        }
        let name = slashes(&file.path);
        let recorded = lock.files.get(&name);
        match fs::read(dir.join(&file.path)) {
            Ok(found) if found == file.contents => {
                new_lock.files.insert(name, sha256(&file.contents));
                continue;
            }
            Ok(found) if recorded != Some(&sha256(&found)) => {
                let reason = if recorded.is_some() { "changed by hand" } else { "not ours" };
                skipped.push(Skipped { path: file.path, reason });
                if let Some(recorded) = recorded {
                    new_lock.files.insert(name, recorded.clone());
                }
                continue;
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("read", &file.path)(error)),
        }
        new_lock.files.insert(name, sha256(&file.contents));
        changed.push(file);
    }
    let contents = new_lock.render();
    if contents != text.as_bytes() {
        let ownership = Ownership::Generated;
        changed.push(File { path: LOCK_FILE.into(), contents, ownership });
    }
    let written = place(dir, &changed, true)?;
    Ok(Written { written, skipped, notes: Vec::new() })
}

fn lock_file(paths: &Paths, spec: &ProjectSpec, files: &[File]) -> File {
    lock_with(paths, spec, files, None)
}

/// SHA-256 of the files that somebody may change.
fn hashes(files: &[File], ownership: Ownership) -> BTreeMap<String, String> {
    let owned = files.iter().filter(|file| file.ownership == ownership);
    owned.map(|file| (slashes(&file.path), sha256(&file.contents))).collect()
}

fn lock_with(paths: &Paths, spec: &ProjectSpec, files: &[File], init: Option<Additions>) -> File {
    let mut lock = Lock::new(paths, spec.template, spec.provenance.clone());
    lock.files = hashes(files, Ownership::Generated);
    lock.init = init;
    File { path: LOCK_FILE.into(), contents: lock.render(), ownership: Ownership::Generated }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn staging(parent: &Path) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new().prefix(".hallmark-").tempdir_in(parent).map_err(Error::io("write to", parent))
}

/// Writes all files beside their places first, then moves each into place. When any of it fails,
/// what was made is removed again; a file that was replaced stays replaced.
fn place(dir: &Path, files: &[File], replace: bool) -> Result<Vec<PathBuf>, Error> {
    let mut undo = Undo::default();
    let mut drafts = Vec::new();
    for file in files {
        let path = dir.join(&file.path);
        let folder = parent_of(&path);
        undo.create_folders(&folder)?;
        let draft = draft_in(&folder)?;
        fs::write(draft.path(), &file.contents).map_err(Error::io("write", &path))?;
        drafts.push((draft, path));
    }
    for (draft, path) in drafts {
        let existed = path.exists();
        let moved = if replace { draft.persist(&path) } else { draft.persist_noclobber(&path) };
        moved.map_err(|error| Error::io("write", &path)(error.error))?;
        if !existed {
            undo.files.push(path);
        }
    }
    undo.files.clear();
    undo.folders.clear();
    Ok(files.iter().map(|file| file.path.clone()).collect())
}

/// A temporary file with the permissions of an ordinary one (they are private by default).
fn draft_in(folder: &Path) -> Result<tempfile::NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hallmark-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(Error::io("write to", folder))
}

/// Removes on drop what was made before something failed.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Undo {
    fn create_folders(&mut self, folder: &Path) -> Result<(), Error> {
        let missing: Vec<_> = folder.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            if path.as_os_str().is_empty() {
                continue;
            }
            fs::create_dir(path).map_err(Error::io("create", path))?;
            self.folders.insert(path.to_path_buf());
        }
        Ok(())
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
