//! `waybill backup`: database, documents and, if wished, the key in a new folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail};
use app::Clock;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use store::blobs::{BlobConfig, Blobs};

use crate::cli::Backup;
use crate::config::{Flags, Settings};
use crate::{telemetry, wire};

/// Copies everything and gives the folder its name when it is whole.
pub(super) async fn run(flags: &Backup) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&Flags::from(&flags.place))?;
    telemetry::start(&settings)?;
    let began = Instant::now();
    let folder = &flags.folder;
    if folder.exists() {
        bail!("{} is there already: name a folder that is not, such as one with today's date", folder.display());
    }
    let config = wire::store_config(&settings);
    if let store::Config::Sqlite { path } = &config
        && !path.exists()
    {
        bail!("{} holds no database: name the data folder with --data", settings.data.display());
    }
    let partial = partial(folder)?;
    // Ours by its name: what an interrupted copy left.
    if partial.exists() {
        std::fs::remove_dir_all(&partial)?;
    }
    make_private(&partial)?;
    let taken_at = Clock::System.now();
    println!("copying the database");
    config.copy_to(&partial.join(config.copy_name())).await?;
    let mut documents = json!(null);
    let mut spoilt = Vec::new();
    if !flags.no_documents {
        let blobs = Blobs::open(&wire::blob_config(&settings))?;
        let copies = Blobs::open(&BlobConfig::Folder(partial.join("documents")))?;
        let bar = ProgressBar::no_length().with_style(style()?);
        let (count, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        spoilt = blobs
            .copy_to(&copies, &|size| {
                count.fetch_add(1, Ordering::Relaxed);
                bytes.fetch_add(size as u64, Ordering::Relaxed);
                bar.inc(1);
            })
            .await?;
        bar.finish_and_clear();
        println!("copied {} documents, {} bytes", count.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed));
        documents = json!({ "count": count.load(Ordering::Relaxed), "bytes": bytes.load(Ordering::Relaxed) });
    }
    let key = settings.key_file.clone().unwrap_or_else(|| settings.data.join("waybill.key"));
    let has_key = flags.with_key && settings.key.is_none();
    if has_key {
        std::fs::copy(&key, partial.join("waybill.key"))
            .with_context(|| format!("{} cannot be read", key.display()))?;
    }
    let about = json!({
        "waybill": env!("CARGO_PKG_VERSION"),
        "taken_at": taken_at.to_string(),
        "database": config.copy_name(),
        "documents": documents,
        "has_key": has_key,
    });
    std::fs::write(partial.join("backup.json"), format!("{about:#}\n"))?;
    std::fs::rename(&partial, folder)?;
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::File::open(parent)?.sync_all()?;
    }
    println!("{} is whole, after {:.1} s", folder.display(), began.elapsed().as_secs_f64());
    if !has_key {
        let place =
            if settings.key.is_some() { "the setting WAYBILL_KEY".to_owned() } else { key.display().to_string() };
        println!("the key is not in it: keep {place} apart, since without it no secret can be read");
    }
    for name in &spoilt {
        println!("documents/{name} is not what was stored: its disk has spoilt it");
    }
    Ok(ExitCode::SUCCESS)
}

/// What the folder is called until it is whole.
fn partial(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut name = folder.file_name().context("DIR: expected a folder's name at the end")?.to_owned();
    name.push(".partial");
    Ok(folder.with_file_name(name))
}

/// A copy of everything is for its owner alone.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

fn style() -> anyhow::Result<ProgressStyle> {
    Ok(ProgressStyle::with_template("{spinner} {human_pos} documents, {per_sec}, {elapsed}")?)
}
