//! Statistics of tables that fill up.
//!
//! Of a table that was never analysed the server knows nothing: it takes any index that begins with the tenant for as good
//! as the primary key, and a prepared statement keeps that plan while the table grows. The server analyses by itself
//! about once a minute, in which a table may take a million rows; so we ask for it when a table has grown.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};

/// How often it is looked which tables have grown.
const EVERY: Duration = Duration::from_secs(1);

/// Tables of at least 8 pages with four times the pages that they had when they were analysed last.
const GROWN: &str = "
    select quote_ident(relname) from pg_class
    where relkind = 'r' and relnamespace = to_regnamespace(current_schema()::text)
        and pg_relation_size(oid) >= 8 * current_setting('block_size')::bigint
        and pg_relation_size(oid) > 4 * relpages::bigint * current_setting('block_size')::bigint";

/// Analyses tables as they grow, until the pool is closed.
pub(super) async fn keep(pool: Pool) {
    while !pool.is_closed() {
        tokio::time::sleep(EVERY).await;
        let Ok(client) = pool.get().await else { continue };
        // The next look comes soon, and the server's own will come too.
        if let Err(error) = look(&client).await {
            tracing::debug!(%error, "tables that have grown are not analysed yet");
            drop(Object::take(client));
        }
    }
}

async fn look(client: &Object) -> Result<(), tokio_postgres::Error> {
    let grown = client.prepare_cached(GROWN).await?;
    for row in client.query(&grown, &[]).await? {
        let table: String = row.try_get(0)?;
        client.batch_execute(&format!("begin read write; analyze {table}; commit")).await?;
    }
    Ok(())
}
