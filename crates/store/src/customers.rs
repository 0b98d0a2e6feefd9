//! Customers: a row each, and a row for every key one is known by. A key leads to the customer who had it first.

use domain::Result;
use domain::customer::{Customer, CustomerKey};
use domain::ids::CustomerId;
use domain::tenant::TenantId;

use crate::codec::{from_json, id, to_json};
use crate::{Row, Tx, Value, params};

const COLUMNS: [&str; 5] = ["tenant_id", "id", "created_at", "modified_at", "body"];
const KEY_COLUMNS: [&str; 4] = ["tenant_id", "kind", "value", "id"];

fn customer(row: &Row) -> Result<Customer> {
    Ok(Customer {
        id: id(row.int(0)?, CustomerId::new)?,
        created_at: row.time(1)?,
        modified_at: row.time(2)?,
        details: from_json(row.str(3)?)?,
    })
}

fn key_row(tenant: &TenantId, kind: CustomerKey, value: &str, id: CustomerId) -> Vec<Value> {
    params![tenant.as_str(), kind.as_str(), value, id].to_vec()
}

impl Tx<'_> {
    /// The customers these keys of one kind lead to, each in its place.
    pub async fn customers_by_key(
        &mut self,
        tenant: &TenantId,
        kind: CustomerKey,
        values: &[&str],
    ) -> Result<Vec<Option<Customer>>> {
        let asks: Vec<_> =
            values.iter().map(|value| params![tenant.as_str(), kind.as_str(), *value].to_vec()).collect();
        let from = "customer_keys k join customers c on c.tenant_id = k.tenant_id and c.id = k.id";
        let columns = "c.id, c.created_at, c.modified_at, c.body";
        let found = self.find_all(columns, from, &["k.tenant_id", "k.kind", "k.value"], &asks).await?;
        found.iter().map(|rows| rows.first().map(customer).transpose()).collect()
    }

    /// One customer.
    pub async fn customer(&mut self, tenant: &TenantId, customer_id: CustomerId) -> Result<Option<Customer>> {
        const ONE: &str = "select id, created_at, modified_at, body from customers where tenant_id = $1 and id = $2";
        self.row(ONE, &params![tenant.as_str(), customer_id]).await?.as_ref().map(customer).transpose()
    }

    /// Stores new customers.
    pub async fn add_customers(&mut self, tenant: &TenantId, customers: &[Customer]) -> Result<()> {
        let row = |one: &Customer| -> Result<Vec<Value>> {
            let body = to_json(&one.details)?;
            Ok(params![tenant.as_str(), one.id, one.created_at, one.modified_at, body].to_vec())
        };
        let rows = customers.iter().map(row).collect::<Result<Vec<_>>>()?;
        self.insert_all("customers", &COLUMNS, &rows).await
    }

    /// Stores what customers have become, each once.
    pub async fn change_customers(&mut self, tenant: &TenantId, customers: &[Customer]) -> Result<()> {
        let row = |one: &Customer| -> Result<Vec<Value>> {
            Ok(params![tenant.as_str(), one.id, one.modified_at, to_json(&one.details)?].to_vec())
        };
        let rows = customers.iter().map(row).collect::<Result<Vec<_>>>()?;
        self.update_all("customers", &["tenant_id", "id"], &["modified_at", "body"], &rows).await
    }

    /// Lets customers be known by more keys, unless somebody has them already, and no longer by others.
    pub async fn move_customer_keys(
        &mut self,
        tenant: &TenantId,
        lost: &[(CustomerKey, String, CustomerId)],
        gained: &[(CustomerKey, String, CustomerId)],
    ) -> Result<()> {
        const LOSE: &str = "delete from customer_keys where tenant_id = $1 and kind = $2 and value = $3 and id = $4";
        let rows = |keys: &[(CustomerKey, String, CustomerId)]| -> Vec<Vec<Value>> {
            keys.iter().map(|(kind, value, id)| key_row(tenant, *kind, value, *id)).collect()
        };
        if !lost.is_empty() {
            self.execute_later(LOSE, &rows(lost)).await?;
        }
        if gained.is_empty() {
            return Ok(());
        }
        self.insert_missing("customer_keys", &KEY_COLUMNS, &rows(gained)).await
    }
}
