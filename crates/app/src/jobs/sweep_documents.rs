//! Removes bytes that no document and no logo names: what a crash between putting bytes and storing the row left.

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
        let setup = app.tenant_setup(&blob.tenant).await?;
        let logo = setup.as_ref().and_then(|setup| setup.tenant.branding.as_ref()?.logo.as_ref());
        if !is_referenced && logo.is_none_or(|logo| logo.sha256 != blob.sha256) {
            app.blobs().remove(&blob).await?;
        }
    }
    Ok(Outcome::Done)
}
