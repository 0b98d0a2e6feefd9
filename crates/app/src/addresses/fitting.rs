//! Fitting: how sender and recipient go into a service, before any carrier is asked to book.

use domain::address::{Address, AddressLimits, ChosenSplit, Fitting, Side};
use domain::connector::Connection;
use domain::error::{Problem, Rule};
use domain::rate::Rate;

use crate::rates::Offers;
use crate::tenants::Account;

/// Both ends of a shipment, and what a person decided about them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) sender: &'a Address,
    pub(crate) recipient: &'a Address,
    /// How the recipient's street line was taken apart.
    pub(crate) split: Option<&'a ChosenSplit>,
    /// Whether lines that are too long may be wrapped.
    pub(crate) wraps: bool,
}

/// Both ends as a service takes them, and what was done to them.
pub(crate) struct FittedEnds {
    pub(crate) sender: Address,
    pub(crate) recipient: Address,
    pub(crate) notes: Vec<String>,
}

impl Ends<'_> {
    /// Both ends as a service takes them; every problem of both at once.
    pub(crate) fn fit(&self, limits: &AddressLimits, service: &str) -> Result<FittedEnds, Vec<Problem>> {
        let is_abroad = self.sender.country_code() != self.recipient.country_code();
        let fitting = |side, split| Fitting { side, service, is_abroad, split, wraps: self.wraps };
        let sender = limits.fit(self.sender, fitting(Side::Sender, None));
        let recipient = limits.fit(self.recipient, fitting(Side::Recipient, self.split));
        match (sender, recipient) {
            (Ok(sender), Ok(recipient)) => {
                let notes = [sender.notes, recipient.notes].concat();
                Ok(FittedEnds { sender: sender.address, recipient: recipient.address, notes })
            }
            (sender, recipient) => {
                Err([sender.err().unwrap_or_default(), recipient.err().unwrap_or_default()].concat())
            }
        }
    }

    /// Leaves out what does not go to the recipient. What does not fit is noted on its rate; when something is to be booked
    /// and anything else fits, it is left out too. When nothing fits, whoever books is told every problem.
    pub(crate) fn sort_out(&self, accounts: &[&Account], offers: &mut Offers, is_booking: bool) {
        let connection = |rate: &Rate| {
            let account = accounts.iter().find(|account| account.account.id == rate.service.account);
            account.and_then(|account| account.connection.as_deref())
        };
        let mut looked_at = Vec::with_capacity(offers.rates.len());
        for rate in std::mem::take(&mut offers.rates) {
            let Some(connection) = connection(&rate) else {
                looked_at.push((rate, Vec::new()));
                continue;
            };
            let limits = connection.address_limits(&rate.service.service);
            if let Some(why) = limits.why_not_served(self.recipient) {
                offers.left_out.push((rate.service, why));
            } else {
                let problems = self.fit(&limits, &rate.service.service).err().unwrap_or_default();
                looked_at.push((rate, problems));
            }
        }
        let is_any_fit = looked_at.iter().any(|(_, problems)| problems.is_empty());
        for (mut rate, problems) in looked_at {
            let words = problems.iter().map(|problem| told(problem, &rate.service.to_string()));
            let words: Vec<_> = words.collect();
            if is_booking && is_any_fit && !words.is_empty() {
                offers.left_out.push((rate.service, words.join("; ")));
            } else {
                rate.notes.extend(words);
                offers.rates.push(rate);
            }
        }
    }
}

/// A problem of an address in words that name the service.
pub(super) fn told(problem: &Problem, service: &str) -> String {
    match (problem.path.as_str(), problem.rule) {
        ("recipient/phone", Rule::Missing) => format!("phone missing for service {service}"),
        ("recipient/email", Rule::Missing) => format!("e-mail missing for service {service}"),
        _ => problem.message.clone(),
    }
}

/// The services of an account by what they take of an address: those that take the same stand together, as `standard|express`,
/// or as `*` when all do, so that a person is told once.
pub(super) fn alike(connection: &dyn Connection) -> Vec<(String, AddressLimits)> {
    let services = connection.services();
    let mut groups: Vec<(Vec<&str>, AddressLimits)> = Vec::new();
    for service in &services {
        let limits = connection.address_limits(service);
        match groups.iter_mut().find(|(_, known)| *known == limits) {
            Some((services, _)) => services.push(service),
            None => groups.push((vec![service], limits)),
        }
    }
    let is_one = groups.len() == 1 && services.len() > 1;
    let named = |services: Vec<&str>| if is_one { "*".to_owned() } else { services.join("|") };
    groups.into_iter().map(|(services, limits)| (named(services), limits)).collect()
}
