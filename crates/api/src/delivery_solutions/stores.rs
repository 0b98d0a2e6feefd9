//! Stores of v2: the tenant's locations, shown, made and changed. What a store says and a location cannot hold is kept
//! beside it.

use app::tenants::{Account, TenantSetup};
use app::{App, Caller};
use domain::address::{Address, Contact};
use domain::channel::Dialect;
use domain::error::{Error, Rule};
use domain::location::Location;
use domain::money::Decimal;
use domain::order::RawJson;
use domain::tenant::Scope;
use domain::time::Timestamp;
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::LENIENCY;
use super::core::Reply;
use super::encode::{iso, number, object, owned, place, words};
use super::error::{Detail, Kind, Refusal};
use super::kept::Kept;
use super::{decode, names};
use crate::json::Json;
use crate::json::fields::{Fault, Fields, Node, Notes, boolean, text};

/// Characters of a name and an id.
const LONGEST_NAME: usize = 100;
/// Characters of a text for which no document names a limit.
const LONGEST_TEXT: usize = 10_000;
/// Carrier accounts of a store.
const MOST_PROVIDERS: usize = 100;

/// What is kept of a store beside its location.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptStore {
    /// `description`.
    pub description: Option<String>,
    /// `pickupInstructions`.
    pub pickup_instructions: Option<String>,
    /// `latitude` and `longitude`.
    pub position: Option<(Decimal, Decimal)>,
    /// When it was made here.
    pub created_at: Option<Timestamp>,
    /// When it was last changed here.
    pub changed_at: Option<Timestamp>,
}

impl KeptStore {
    /// What is kept of a location.
    pub fn of(location: &Location) -> Self {
        let raw = location.extra.get(&Dialect::DeliverySolutions);
        raw.and_then(|raw| serde_json::from_str(raw.as_str()).ok()).unwrap_or_default()
    }

    fn keep_in(&self, location: &mut Location) {
        if let Some(raw) = serde_json::to_string(self).ok().and_then(RawJson::new) {
            location.extra.insert(Dialect::DeliverySolutions, raw);
        }
    }
}

/// Every store.
pub(super) fn list(caller: &Caller) -> Result<Reply, Refusal> {
    caller.require(Scope::Read)?;
    let setup = &caller.setup;
    Ok((StatusCode::OK, Json::List(setup.locations.iter().map(|location| view(setup, location)).collect())))
}

/// One store.
pub(super) fn show(caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    caller.require(Scope::Read)?;
    let location = caller.setup.location(Dialect::DeliverySolutions, id);
    Ok((StatusCode::OK, view(&caller.setup, location.ok_or_else(|| Refusal::no_such_location(id))?)))
}

/// Makes a store.
pub(super) async fn create(app: &App, caller: &Caller, body: &Json<'_>) -> Result<Reply, Refusal> {
    caller.require(Scope::Setup)?;
    let nowhere = Location {
        external_id: String::new(),
        name: String::new(),
        brand: None,
        time_zone: None,
        address: Address::default(),
        contact: None,
        return_to: None,
        billing: None,
        carriers: None,
        aliases: std::collections::BTreeMap::new(),
        cut_offs: None,
        extra: std::collections::BTreeMap::new(),
    };
    let location = lay(&nowhere, body, &caller.setup, app.now(), true)?;
    // An id that clients hold for another location would lead there.
    if caller.setup.location(Dialect::DeliverySolutions, &location.external_id).is_some() {
        let is_called = |known: &Location| known.name == location.name;
        return Err(taken(true, caller.setup.locations.iter().any(is_called)));
    }
    let location = app.create_location(caller, location).await.map_err(refused)?;
    Ok((StatusCode::CREATED, view(&caller.setup, &location)))
}

/// Changes a store: what is sent is laid over what is there.
pub(super) async fn edit(app: &App, caller: &Caller, id: &str, body: &Json<'_>) -> Result<Reply, Refusal> {
    caller.require(Scope::Setup)?;
    let location = caller.setup.location(Dialect::DeliverySolutions, id);
    let external_id = location.ok_or_else(|| Refusal::no_such_location(id))?.external_id.clone();
    let (body, setup, now) = (owned(body), caller.setup.clone(), app.now());
    let change = move |location: &Location| lay(location, &body, &setup, now, false);
    let changed = app.edit_location(caller, &external_id, change).await.map_err(refused)??;
    Ok((StatusCode::OK, view(&caller.setup, &changed)))
}

/// What a verb finds wrong with a store.
fn refused(error: Error) -> Refusal {
    match error {
        Error::Invalid(problems) if problems.iter().any(|problem| problem.rule == Rule::Taken) => {
            let is_taken = |path: &str| problems.iter().any(|problem| problem.path == path);
            taken(is_taken("external_id"), is_taken("name"))
        }
        error => error.into(),
    }
}

fn taken(has_id: bool, has_name: bool) -> Refusal {
    let refusal = Refusal::new(match (has_id, has_name) {
        (true, true) => Kind::DuplicateResource,
        (true, false) => Kind::DuplicateId,
        (false, _) => Kind::DuplicateName,
    });
    let named = [("locationExternalId", has_id), ("name", has_name)].into_iter().filter(|(_, is_taken)| *is_taken);
    let detail = |(name, _): (&str, bool)| Detail {
        message: refusal.message.clone(),
        parameter: Some(name.to_owned()),
        ..Detail::default()
    };
    Refusal { errors: named.map(detail).collect(), ..refusal }
}

/// Reads the fields that came over what a location says already.
fn lay(
    base: &Location,
    body: &Json<'_>,
    setup: &TenantSetup,
    now: Timestamp,
    is_new: bool,
) -> Result<Location, Refusal> {
    let mut location = base.clone();
    let mut kept = KeptStore::of(base);
    let mut whole = owned(body);
    let shown = [("contact", contact(base)), ("address", position(place_of(base), &kept))];
    for (name, mut shown) in shown {
        if let Some(change) = whole.get_mut(name).filter(|change| !is_new && matches!(change, Json::Object(_))) {
            shown.merge(change.clone());
            *change = shown;
        }
    }
    let notes = Notes::new(LENIENCY);
    if let Some(fields) = notes.root(&whole).fields() {
        let reader = Reader { fields, setup, is_new };
        reader.head(&mut location);
        reader.rest(&mut location, &mut kept);
    }
    let flaws = notes.flaws();
    if let Some(refusal) = Refusal::of(&flaws, &whole, Kind::ValidationError, Kind::ValidationError) {
        return Err(refusal);
    }
    kept.created_at = if is_new { Some(now) } else { kept.created_at };
    kept.changed_at = Some(now);
    kept.keep_in(&mut location);
    Ok(location)
}

/// The fields of one request.
struct Reader<'n> {
    fields: Fields<'n>,
    setup: &'n TenantSetup,
    is_new: bool,
}

impl Reader<'_> {
    /// Whether a field is to be read: all of them when the store is new, else those that came.
    fn reads(&self, name: &str) -> bool {
        self.is_new || self.fields.get(name).is_some()
    }

    fn head(&self, location: &mut Location) {
        let fields = &self.fields;
        if self.reads("locationExternalId") {
            let own = location.external_id.clone();
            let id = fields.needed("locationExternalId", |node| {
                let id = text(1, LONGEST_NAME)(node)?;
                let is_id = id.trim() == id && !id.chars().any(char::is_control);
                let is_fixed = !self.is_new && !is_called(location, &id);
                match (is_id, is_fixed) {
                    (false, _) => {
                        node.fault(Fault::Other("an id has no blanks around it and no control characters".to_owned()))
                    }
                    (true, true) => node.fault(Fault::Other("locationExternalId cannot be changed".to_owned())),
                    (true, false) => Some(id),
                }
            });
            location.external_id = if self.is_new { id.unwrap_or_default() } else { own };
        }
        if self.reads("name") {
            location.name = fields.needed("name", text(1, LONGEST_NAME)).unwrap_or_default();
        }
        if self.reads("brandExternalId") {
            location.brand = fields.optional("brandExternalId", text(1, LONGEST_NAME));
        }
        if self.reads("timeZone") {
            location.time_zone = fields.optional("timeZone", time_zone);
        }
        fields.optional("active", |node| {
            let off = "a store is always active: leave DSPs empty, so that no carrier serves it".to_owned();
            if boolean(node)? { Some(()) } else { node.fault(Fault::Other(off)) }
        });
    }

    fn rest(&self, location: &mut Location, kept: &mut KeptStore) {
        let fields = &self.fields;
        if self.reads("address") {
            fields.needed("address", |node| {
                let mut of_order = Kept::default();
                location.address = Address { company: location.address.company.clone(), ..Address::default() };
                decode::street(node, &mut location.address, &mut of_order)?;
                kept.position = of_order.position;
                Some(())
            });
        }
        if self.reads("contact") {
            location.contact = fields.optional("contact", |node| {
                let fields = node.fields()?;
                let words = |name: &str, most| fields.optional(name, text(0, most));
                Some(Contact {
                    name: words("name", LONGEST_TEXT),
                    phone: words("phone", 100),
                    email: words("email", 320),
                })
            });
        }
        if self.reads("description") {
            kept.description = fields.optional("description", text(0, LONGEST_TEXT));
        }
        if self.reads("pickupInstructions") {
            kept.pickup_instructions = fields.optional("pickupInstructions", text(0, LONGEST_TEXT));
        }
        if self.reads("DSPs") {
            location.carriers = fields.optional("DSPs", |node| node.list(MOST_PROVIDERS, |node| self.provider(node)));
        }
    }

    fn provider(&self, node: Node<'_>) -> Option<String> {
        let name = |node: Node<'_>| {
            let name = text(1, LONGEST_NAME)(node)?;
            let unknown = || Fault::Other(format!("no carrier account is called {name:?}"));
            let known = self.setup.contract(Dialect::DeliverySolutions, &name);
            known.map(|known| known.account.id.clone()).or_else(|| node.fault(unknown()))
        };
        node.fields()?.needed("name", name)
    }
}

fn time_zone(node: Node<'_>) -> Option<String> {
    let name = text(1, LONGEST_NAME)(node)?;
    let unknown = || Fault::Other(format!("{name:?} is no time zone: expected one such as America/New_York"));
    if TimeZone::get(&name).is_ok() { Some(name) } else { node.fault(unknown()) }
}

/// Whether clients may call a location so.
fn is_called(location: &Location, name: &str) -> bool {
    location.external_id == name || location.aliases.get(&Dialect::DeliverySolutions).is_some_and(|alias| alias == name)
}

fn contact(location: &Location) -> Json<'static> {
    let contact = location.contact.clone().unwrap_or_default();
    let text = |text: Option<String>| Json::from(text.unwrap_or_default());
    object(vec![("name", text(contact.name)), ("phone", text(contact.phone)), ("email", text(contact.email))])
}

fn place_of(location: &Location) -> Json<'static> {
    place(&location.address, Json::from(location.address.street2.clone().unwrap_or_default()))
}

/// A place with the degrees that are kept of it.
fn position(mut place: Json<'static>, kept: &KeptStore) -> Json<'static> {
    if let Json::Object(members) = &mut place {
        let (latitude, longitude) = kept.position.unzip();
        members.extend([("latitude".into(), number(latitude)), ("longitude".into(), number(longitude))]);
    }
    place
}

/// `pickupAddress` of orders that ship from a location.
pub(super) fn place_of_known(location: &Location) -> Json<'static> {
    position(place_of(location), &KeptStore::of(location))
}

/// A store in the names of v2.
fn view(setup: &TenantSetup, location: &Location) -> Json<'static> {
    let kept = KeptStore::of(location);
    let name = location.aliases.get(&Dialect::DeliverySolutions).unwrap_or(&location.external_id);
    let tenant = setup.tenant.id.as_str();
    // Locations have no numbers: an id of the usual form that stays the same.
    let digest = app::vault::hmac_sha256(b"store", &[tenant.as_bytes(), b"/", location.external_id.as_bytes()]);
    let provider = |account: &&Account| {
        let alias = account.account.aliases.get(&Dialect::DeliverySolutions);
        object(vec![("name", Json::from(alias.unwrap_or(&account.account.id).clone()))])
    };
    let served = app::rates::accounts_of(setup, location);
    object(vec![
        ("_id", Json::from(hex::encode(&digest[..12]))),
        ("tenantId", Json::from(tenant.to_owned())),
        ("name", Json::from(location.name.clone())),
        ("storeExternalId", Json::from(name.clone())),
        ("description", words(kept.description.clone())),
        ("timeZone", Json::from(location.time_zone.clone().unwrap_or_else(|| setup.tenant.time_zone.clone()))),
        ("contact", contact(location)),
        ("pickupInstructions", words(kept.pickup_instructions.clone())),
        ("address", names::walk(position(place_of(location), &kept), true)),
        ("brandExternalId", Json::from(location.brand.clone().unwrap_or_else(|| tenant.to_owned()))),
        ("DSPs", Json::List(served.iter().map(provider).collect())),
        ("createdAt", words(kept.created_at.map(iso))),
        ("lastUpdatedAt", words(kept.changed_at.map(iso))),
        ("active", Json::from(true)),
    ])
}
