//! Lists of rows that have `tenant_id`, `id` and `created_at`, latest first: conditions that follow the index they are
//! served by.

use domain::Timestamp;
use domain::tenant::TenantId;

use crate::Value;

/// Conditions of one list, with their values.
#[derive(Debug)]
pub(crate) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    pub(crate) fn new(tenant: &TenantId) -> Self {
        Self { sql: "tenant_id = $1".to_owned(), values: vec![tenant.as_str().into()] }
    }

    /// The next value's place.
    fn place(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    /// A condition without a value.
    pub(crate) fn such(&mut self, condition: &str) {
        self.sql.push_str(" and ");
        self.sql.push_str(condition);
    }

    pub(crate) fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            let place = self.place(value);
            self.such(&format!("{column} = ${place}"));
        }
    }

    pub(crate) fn created(&mut self, from: Option<Timestamp>, before: Option<Timestamp>) {
        for (operator, bound) in [(">=", from), ("<", before)] {
            if let Some(bound) = bound {
                let place = self.place(bound);
                self.such(&format!("created_at {operator} ${place}"));
            }
        }
    }

    /// Behind the row with this id; one that is not there is behind everything.
    pub(crate) fn below(&mut self, table: &str, id: Option<u64>) {
        if let Some(id) = id {
            let place = self.place(id);
            let at = format!("(select p.created_at from {table} p where p.tenant_id = $1 and p.id = ${place})");
            self.such(&format!("(created_at, id) < ({at}, ${place})"));
        }
    }

    /// The statement of a list that begins with `select`, and its values.
    pub(crate) fn latest(mut self, select: &str, limit: usize) -> (String, Vec<Value>) {
        let place = self.place(limit);
        let sql = format!("{select} where {} order by created_at desc, id desc limit ${place}", self.sql);
        (sql, self.values)
    }
}
