//! Removes bytes that no document names: what a crash between putting bytes and storing the row left.

use domain::Result;
use futures::TryStreamExt;

use super::Outcome;
use crate::documents::SWEPT_AFTER;
use crate::{App, clock};

pub(super) async fn run(app: &App) -> Result<Outcome> {
    let mut old = app.blobs().older_than(clock::earlier(app.now(), SWEPT_AFTER));
    while let Some(blob) = old.try_next().await? {
        let asked = blob.clone();
        let is_referenced =
            app.store().read(async move |tx| tx.is_referenced(&asked.tenant, &asked.sha256).await).await?;
        if !is_referenced {
            app.blobs().remove(&blob).await?;
        }
    }
    Ok(Outcome::Done)
}
