//! Flags: what the columns of an order alone say of a filter, in SQL beside the walk. A row they refuse never fits; one
//! they take is looked into, unless they say everything there is to say.

use query::{Filter, Test, Value as Wanted};

use super::{OrderField, is_whole, stored};
use crate::Value;
use crate::searched::{ListField, sortable};

/// An expression over the columns of an order.
#[derive(Clone, Debug)]
pub(super) struct Flags {
    expression: Expression,
    /// Whether a row it takes always fits.
    pub(super) is_exact: bool,
}

#[derive(Clone, Debug)]
enum Expression {
    True,
    False,
    All(Vec<Expression>),
    Any(Vec<Expression>),
    /// `{o}` is the order's alias, `?` the next value.
    Text(String, Vec<Value>),
}

impl Flags {
    /// What the columns say of a filter.
    pub(super) fn of(filter: &Filter<OrderField>) -> Self {
        let (expression, is_exact) = of(filter);
        Self { expression, is_exact }
    }

    /// The expression; values are added to the parameters.
    pub(super) fn sql(&self, alias: &str, parameters: &mut Vec<Value>) -> String {
        write(&self.expression, alias, parameters)
    }
}

fn write(expression: &Expression, alias: &str, parameters: &mut Vec<Value>) -> String {
    let mut joined = |parts: &[Expression], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| write(part, alias, parameters)).collect();
        format!("({})", parts.join(word))
    };
    match expression {
        Expression::True => "1 = 1".to_owned(),
        Expression::False => "1 = 0".to_owned(),
        Expression::All(parts) if parts.is_empty() => "1 = 1".to_owned(),
        Expression::Any(parts) if parts.is_empty() => "1 = 0".to_owned(),
        Expression::All(parts) => joined(parts, " and "),
        Expression::Any(parts) => joined(parts, " or "),
        Expression::Text(text, values) => {
            let mut values = values.iter();
            let mut sql = String::with_capacity(text.len() + 16);
            for letter in text.replace("{o}", alias).chars() {
                if letter == '?' {
                    parameters.push(values.next().cloned().unwrap_or(Value::Null));
                    sql.push('$');
                    sql.push_str(&parameters.len().to_string());
                } else {
                    sql.push(letter);
                }
            }
            sql
        }
    }
}

/// What must hold, and whether that is enough.
fn of(filter: &Filter<OrderField>) -> (Expression, bool) {
    match filter {
        Filter::All(parts) => {
            let (parts, exact): (Vec<_>, Vec<_>) = parts.iter().map(of).unzip();
            (Expression::All(parts), exact.into_iter().all(|exact| exact))
        }
        Filter::Any(parts) => {
            let (parts, exact): (Vec<_>, Vec<_>) = parts.iter().map(of).unzip();
            (Expression::Any(parts), exact.into_iter().all(|exact| exact))
        }
        // What columns cannot tell for sure must not be turned round.
        Filter::Neither(_) => (Expression::True, false),
        Filter::Field(field, tests) => {
            let (parts, exact): (Vec<_>, Vec<_>) = tests.iter().map(|test| of_test(*field, test)).unzip();
            (Expression::All(parts), exact.into_iter().all(|exact| exact))
        }
    }
}

const UNKNOWN: (Expression, bool) = (Expression::True, false);

fn text(text: String, values: Vec<Value>) -> Expression {
    Expression::Text(text, values)
}

fn of_test(field: OrderField, test: &Test<OrderField>) -> (Expression, bool) {
    if let Some(list) = list_of(field) {
        return of_list(list, test);
    }
    let Some(column) = field.column() else { return UNKNOWN };
    let is_date = field == OrderField::SendDate;
    match test {
        Test::Eq(wanted) => is_one_of(column, is_date, std::slice::from_ref(wanted)),
        Test::In(wanted) => is_one_of(column, is_date, wanted),
        Test::Ne(wanted) => is_none_of(column, is_date, std::slice::from_ref(wanted)),
        Test::Nin(wanted) => is_none_of(column, is_date, wanted),
        Test::Exists(true) => (text(format!("{{o}}.{column} is not null"), Vec::new()), true),
        Test::Exists(false) => (text(format!("{{o}}.{column} is null"), Vec::new()), true),
        Test::Matches(_) => (text(format!("{{o}}.{column} is not null"), Vec::new()), false),
        Test::Gt(wanted) => range(column, is_date, ">=", ">", wanted),
        Test::Gte(wanted) => range(column, is_date, ">=", ">=", wanted),
        Test::Lt(wanted) => range(column, is_date, "<=", "<", wanted),
        Test::Lte(wanted) => range(column, is_date, "<=", "<=", wanted),
        _ => UNKNOWN,
    }
}

/// Whether a column of this type can hold a value.
fn fits(is_date: bool, wanted: &Wanted) -> bool {
    matches!((is_date, wanted), (true, Wanted::Date(_)) | (false, Wanted::Text(_)))
}

fn is_one_of(column: &str, is_date: bool, wanted: &[Wanted]) -> (Expression, bool) {
    let mut values = Vec::new();
    let (mut takes_null, mut is_exact) = (false, true);
    for wanted in wanted {
        match wanted {
            Wanted::Null => takes_null = true,
            Wanted::Regex(_) => return UNKNOWN,
            wanted if fits(is_date, wanted) => {
                values.extend(stored(wanted));
                is_exact &= is_whole(wanted);
            }
            // Nothing stored equals a value of another type.
            _ => {}
        }
    }
    let mut any = Vec::new();
    if takes_null {
        any.push(text(format!("{{o}}.{column} is null"), Vec::new()));
    }
    if !values.is_empty() {
        let places = vec!["?"; values.len()].join(", ");
        any.push(text(format!("{{o}}.{column} in ({places})"), values));
    }
    if any.is_empty() { (Expression::False, true) } else { (Expression::Any(any), is_exact) }
}

fn is_none_of(column: &str, is_date: bool, wanted: &[Wanted]) -> (Expression, bool) {
    let mut values = Vec::new();
    let (mut leaves_null, mut is_exact) = (false, true);
    for wanted in wanted {
        match wanted {
            Wanted::Null => leaves_null = true,
            Wanted::Regex(_) => is_exact = false,
            wanted if fits(is_date, wanted) => {
                // Two long texts may begin the same and differ.
                if is_whole(wanted) {
                    values.extend(stored(wanted));
                } else {
                    is_exact = false;
                }
            }
            _ => {}
        }
    }
    let mut parts = Vec::new();
    if leaves_null {
        parts.push(text(format!("{{o}}.{column} is not null"), Vec::new()));
    }
    if !values.is_empty() {
        let places = vec!["?"; values.len()].join(", ");
        let sql = format!("({{o}}.{column} is null or {{o}}.{column} not in ({places}))");
        parts.push(text(sql, values));
    }
    (Expression::All(parts), is_exact)
}

fn range(column: &str, is_date: bool, wide: &str, sharp: &str, wanted: &Wanted) -> (Expression, bool) {
    if matches!(wanted, Wanted::Null) {
        let takes = if wide == sharp { format!("{{o}}.{column} is null") } else { return (Expression::False, true) };
        return (text(takes, Vec::new()), true);
    }
    if !fits(is_date, wanted) {
        return (Expression::False, true);
    }
    let Some(value) = stored(wanted) else { return UNKNOWN };
    // A stored text that was cut may lie on the other side of a long one.
    let is_sharp = is_whole(wanted);
    let sign = if is_sharp { sharp } else { wide };
    (text(format!("{{o}}.{column} {sign} ?"), vec![value]), is_sharp)
}

fn list_of(field: OrderField) -> Option<ListField> {
    Some(match field {
        OrderField::Tags => ListField::Tag,
        OrderField::BoxField(number) => ListField::BoxField(number),
        OrderField::BoxIsScanned => ListField::BoxIsScanned,
        OrderField::BoxScannedAt => ListField::BoxScannedAt,
        _ => return None,
    })
}

/// Some element is one of the values: a look into the table of values. Everything else about lists is looked into.
fn of_list(list: ListField, test: &Test<OrderField>) -> (Expression, bool) {
    let wanted = match test {
        Test::Eq(wanted) => std::slice::from_ref(wanted),
        Test::In(wanted) => wanted,
        _ => return UNKNOWN,
    };
    let (mut values, mut is_exact): (Vec<Value>, bool) = (vec![list.name().into()], true);
    for wanted in wanted {
        match (list, wanted) {
            (_, Wanted::Null | Wanted::Regex(_) | Wanted::List(_)) => return UNKNOWN,
            (ListField::BoxScannedAt, Wanted::Date(at)) => values.push(sortable(at.as_millisecond()).into()),
            (ListField::BoxIsScanned, Wanted::Bool(_)) => values.extend(stored(wanted)),
            (ListField::BoxScannedAt | ListField::BoxIsScanned, _) => {}
            (_, Wanted::Text(_)) => {
                values.extend(stored(wanted));
                is_exact &= is_whole(wanted);
            }
            _ => {}
        }
    }
    if values.len() == 1 {
        return (Expression::False, true);
    }
    let places = vec!["?"; values.len() - 1].join(", ");
    let sql = format!(
        "exists (select 1 from order_values v where v.tenant_id = {{o}}.tenant_id and v.field = ? and v.value in ({places})
            and v.order_id = {{o}}.id)"
    );
    (text(sql, values), is_exact)
}
