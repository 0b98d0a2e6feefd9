//! `waybill rotate-key`: everything encrypted moves to a new key of the installation.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use app::rotation::Progress;

use super::{keys, open, readable};
use crate::cli::Place;

pub(super) async fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let app = open(place).await?;
    let rotated = app.rotate_installation_key(&tell).await;
    app.store().close().await;
    let rotated = rotated.map_err(readable)?;
    println!(
        "Encrypted under the new key: {} carrier accounts, {} webhook endpoints, {} push addresses. Everything encrypted is \
         under it now.",
        rotated.accounts, rotated.endpoints, rotated.pushes
    );
    if rotated.waiting.is_empty() {
        println!(
            "Every API secret is under it too. Links signed and tokens bought with the previous key end with it: links"
        );
        println!("are good for seven days, tokens for an hour. Then take the previous key out of the settings.");
    } else {
        println!(
            "\nThese API secrets are still hashed under the previous key, since only the secret itself gives a new hash:\n"
        );
        println!("{}\n", keys::table(&rotated.waiting));
        println!(
            "Each moves when it is first used. Keep the previous key in the settings until then, or give a key that"
        );
        println!("nobody uses another secret with `waybill key rotate ID`. Run this again to see what is left.");
    }
    Ok(ExitCode::SUCCESS)
}

/// One line that is written over on a terminal; elsewhere one line a step.
fn tell(progress: Progress) {
    let Progress { what, done, of } = progress;
    let mut out = std::io::stderr();
    let end = if out.is_terminal() && done < of { "\r" } else { "\n" };
    // Nobody may be reading; the work goes on.
    drop(write!(out, "{what}s: {done} of {of}{end}"));
    drop(out.flush());
}
