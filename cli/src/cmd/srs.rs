//! `hallmark srs`.

use crate::error::{Failure, Outcome};
use crate::opts::{SrsArgs, SrsCommand};
use crate::output::{Shell, table};
use crate::pipeline;
use hallmark_proof::srs::Srs;
use serde_json::json;

const WARNING: &str = "a development SRS: whoever made it can forge proofs; its contracts refuse \
                       every chain but 31337";

pub(crate) fn run(shell: &Shell, args: SrsArgs) -> Outcome<()> {
    match args.command {
        SrsCommand::Dev { k } => dev(shell, k),
        SrsCommand::Info => info(shell),
    }
}

fn dev(shell: &Shell, k: u32) -> Outcome<()> {
    let srs = pipeline::dev_srs(shell, k)?;
    shell.warn(WARNING);
    let id = hex::encode(srs.identity().id);
    shell.result(&json!({ "kind": "dev", "id": id, "k": k }), || format!("dev 2^{k} {id}"))
}

fn info(shell: &Shell) -> Outcome<()> {
    let folder = pipeline::srs_folder()?;
    let mut sizes: Vec<(u32, u64)> = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let k = name.strip_prefix("dev-").and_then(|n| n.strip_suffix(".srs"));
        if let (Some(Ok(k)), Ok(metadata)) = (k.map(str::parse), entry.metadata()) {
            sizes.push((k, metadata.len()));
        }
    }
    sizes.sort_unstable();
    if sizes.is_empty() {
        return Err(Failure::new(format!("no SRS in `{}` yet", folder.display()))
            .hint("`hallmark srs dev -k 12` makes one; `hallmark build` does so by itself"));
    }
    let id = hex::encode(Srs::dev(sizes[0].0, &folder)?.identity().id);
    let value = json!({
        "kind": "dev", "id": id, "folder": folder,
        "files": sizes.iter().map(|(k, bytes)| json!({ "k": k, "bytes": bytes })).collect::<Vec<_>>(),
    });
    shell.warn(WARNING);
    shell.result(&value, || {
        let mut rows = vec![vec!["size".to_owned(), "bytes".to_owned()]];
        rows.extend(sizes.iter().map(|(k, bytes)| vec![format!("2^{k}"), bytes.to_string()]));
        format!("dev SRS {id} in {}\n{}", folder.display(), table(&rows))
    })
}
