//! The frame: what stands around every page of the dashboard, and what the key of whoever looks may do.

use domain::tenant::{Mode, Role, Scope};

use crate::assets;
use crate::session::Visit;

/// What a key may do, for pages that show only that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct May {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) print: bool,
    pub(crate) buy: bool,
    pub(crate) void: bool,
    pub(crate) setup: bool,
    pub(crate) overrule: bool,
}

impl May {
    fn of(scopes: &[Scope]) -> Self {
        let has = |scope| scopes.contains(&scope);
        Self {
            read: has(Scope::Read),
            write: has(Scope::Write),
            print: has(Scope::Print),
            buy: has(Scope::Buy),
            void: has(Scope::Void),
            setup: has(Scope::Setup),
            overrule: has(Scope::Overrule),
        }
    }
}

/// What people call a role.
pub(crate) fn title_of(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Packer => "Packer",
        Role::Operator => "Operator",
        Role::Admin => "Administrator",
    }
}

/// A way to a page.
pub(crate) struct Way {
    pub(crate) path: &'static str,
    pub(crate) title: &'static str,
    pub(crate) is_here: bool,
}

/// The pages that are always one click away, in the order of a day's work.
const WAYS: [(&str, &str); 12] = [
    ("overview", "Overview"),
    ("orders", "Orders"),
    ("batches", "Batches"),
    ("shipments", "Shipments"),
    ("exceptions", "Exceptions"),
    ("documents", "Documents"),
    ("carriers", "Carriers"),
    ("rules", "Rules"),
    ("webhooks", "Webhooks"),
    ("branding", "Tracking page"),
    ("keys", "Keys"),
    ("acts", "Audit log"),
];

/// What stands around a page.
pub(crate) struct Frame {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) htmx: String,
    pub(crate) title: String,
    pub(crate) tenant: String,
    pub(crate) key: String,
    pub(crate) csrf: String,
    pub(crate) may: May,
    pub(crate) is_test: bool,
    pub(crate) notice: Option<&'static str>,
    section: &'static str,
}

/// What was done, said on the page that follows.
fn notice(code: &str) -> Option<&'static str> {
    Some(match code {
        "booked" => "The order is shipped.",
        "cancelled" => "The carrier was asked to cancel the shipment.",
        "resent" => "The delivery is sent again.",
        "resent-period" => "Everything of that period is sent again.",
        "paused" => "The webhook is paused. What it should hear is kept.",
        "resumed" => "The webhook goes on and gets what was kept, in order.",
        "view-saved" => "The view is saved for everybody.",
        "view-dropped" => "The view is gone.",
        "checked" => "The account was tried; nothing was bought.",
        "saved" => "Saved. It counts from now on.",
        "removed" => "Removed.",
        "revoked" => "The key is revoked. It opens nothing any more.",
        "settled" => "The shipment is settled.",
        "overruled" => "The address counts as right from now on.",
        _ => return None,
    })
}

impl Frame {
    pub(crate) fn new(visit: &Visit, title: String, section: &'static str) -> Self {
        let tenant = &visit.caller.setup.tenant;
        Self {
            style: assets::STYLE.path(),
            script: assets::SCRIPT.path(),
            htmx: assets::HTMX.path(),
            title,
            tenant: tenant.name.clone(),
            key: visit.caller.key.name.clone(),
            csrf: visit.csrf.clone(),
            may: May::of(&visit.caller.key.scopes),
            is_test: tenant.mode == Mode::Test,
            notice: visit.query.get("done").and_then(notice),
            section,
        }
    }

    /// The pages this key may see.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let is_open = |section: &str| match section {
            "keys" | "branding" => self.may.setup,
            _ => self.may.read,
        };
        let paths = WAYS.into_iter().filter(|(section, _)| is_open(section));
        paths.map(|(section, title)| Way { path: section, title, is_here: section == self.section }).collect()
    }
}
