//! Branding, changed by a person: how a tenant looks to those who wait for its parcels, and what they are told.

use bytes::Bytes;
use documents::LogoPicture;
use domain::branding::{Branding, Colour, LONGEST_NAME, Logo, LogoKind};
use domain::error::Problem;
use domain::notice::{NoticeKind, NoticeSetup};
use domain::tenant::{Scope, Tenant};
use domain::{Error, Result};

use crate::{App, Caller, mail};

/// How a tenant wants to look and what it wants told, as typed; what is empty is not chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandingForm {
    /// What those who wait know it as.
    pub name: String,
    /// The colour of what moves.
    pub colour: String,
    /// The colour behind name and logo.
    pub header_colour: String,
    /// What they are told of by e-mail.
    pub of: Vec<String>,
    /// Where their answers go.
    pub reply_to: String,
}

/// A picture that is good for a logo; else what is wrong with it, in words that go behind "the logo".
pub(crate) fn logo_of(bytes: &[u8]) -> std::result::Result<Logo, String> {
    let (kind, width, height) = match documents::logo(bytes)? {
        LogoPicture::Png(width, height) => (LogoKind::Png, width, height),
        LogoPicture::Jpeg(width, height) => (LogoKind::Jpeg, width, height),
    };
    Ok(Logo { sha256: store::blobs::name_of(bytes), kind, width, height })
}

impl BrandingForm {
    /// What was typed, or every problem of it.
    fn read(&self) -> Result<(Branding, NoticeSetup)> {
        let mut problems = Vec::new();
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let name = text(&self.name);
        if name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)) {
            problems.push(Problem::new("name", format!("it is longer than {LONGEST_NAME} characters, or not a line")));
        }
        let mut colour = |field: &str, typed: &str| -> Option<Colour> {
            let typed = text(typed)?;
            typed.parse().map_err(|error| problems.push(Problem::new(field, format!("{typed:?}: {error}")))).ok()
        };
        let (chosen, header) = (colour("colour", &self.colour), colour("header_colour", &self.header_colour));
        let mut of = Vec::new();
        for word in &self.of {
            if let Some(kind) = NoticeKind::parse(word) {
                of.push(kind);
            } else {
                let known = NoticeKind::ALL.map(NoticeKind::as_str).join(", ");
                let text = format!("{word:?} is nothing to tell of: expected some of {known}");
                problems.push(Problem::new("of", text));
            }
        }
        of.sort_unstable();
        of.dedup();
        let reply_to = text(&self.reply_to);
        if let Some(typed) = reply_to.as_ref().filter(|typed| !mail::is_address(typed)) {
            let text = format!("{typed:?} is no e-mail address: expected one such as help@example.com");
            problems.push(Problem::new("reply_to", text));
        }
        let branding = Branding { name, colour: chosen, header_colour: header, logo: None };
        if problems.is_empty() { Ok((branding, NoticeSetup { of, reply_to })) } else { Err(Error::Invalid(problems)) }
    }
}

impl App {
    /// Changes how the tenant looks and what is told; the logo stays. Problems are named by the fields of the form.
    pub async fn save_branding(&self, caller: &Caller, form: &BrandingForm) -> Result<()> {
        caller.require(Scope::Setup)?;
        let (branding, notices) = form.read()?;
        self.change_tenant(caller, move |tenant| {
            let logo = tenant.branding.take().and_then(|stored| stored.logo);
            tenant.branding = Some(Branding { logo, ..branding.clone() });
            tenant.notices = Some(notices.clone());
        })
        .await
    }

    /// Keeps a logo, a PNG or JPEG, in place of the one before. Another file is a problem of `logo`.
    pub async fn put_logo(&self, caller: &Caller, bytes: Bytes) -> Result<()> {
        caller.require(Scope::Setup)?;
        let logo = logo_of(&bytes).map_err(|why| Error::invalid("logo", format!("it {why}")))?;
        // Bytes first, so that nothing names what is not there.
        self.blobs().put(caller.tenant(), bytes).await?;
        self.change_tenant(caller, move |tenant| {
            tenant.branding.get_or_insert_default().logo = Some(logo.clone());
        })
        .await
    }

    /// Goes without a logo. Its bytes are swept later.
    pub async fn drop_logo(&self, caller: &Caller) -> Result<()> {
        caller.require(Scope::Setup)?;
        self.change_tenant(caller, |tenant| tenant.branding.get_or_insert_default().logo = None).await
    }

    /// The logo of the caller's tenant.
    pub async fn logo(&self, caller: &Caller) -> Result<(LogoKind, Bytes)> {
        caller.require(Scope::Read)?;
        self.logo_bytes(&caller.setup.tenant).await
    }

    /// The logo of whoever sent the parcel behind a token.
    pub async fn logo_of_parcel(&self, token: &str) -> Result<(LogoKind, Bytes)> {
        let token = token.to_owned();
        let found = self.store().read(async move |tx| tx.parcel_by_token(&token).await).await?;
        let (tenant, ..) = found.ok_or(Error::NotFound("parcel"))?;
        let setup = self.tenant_setup(&tenant).await?.ok_or(Error::NotFound("parcel"))?;
        self.logo_bytes(&setup.tenant).await
    }

    async fn logo_bytes(&self, tenant: &Tenant) -> Result<(LogoKind, Bytes)> {
        let logo = tenant.branding.as_ref().and_then(|branding| branding.logo.as_ref());
        let logo = logo.ok_or(Error::NotFound("logo"))?;
        let bytes = self.blobs().read(&tenant.id, &logo.sha256).await?.ok_or(Error::NotFound("logo"))?;
        Ok((logo.kind, bytes))
    }

    async fn change_tenant(&self, caller: &Caller, change: impl Fn(&mut Tenant) + Send + Sync + 'static) -> Result<()> {
        let id = caller.tenant().clone();
        self.change_setup(caller, async move |tx| {
            let mut tenant = tx.tenant(&id).await?.ok_or(Error::NotFound("tenant"))?;
            change(&mut tenant);
            tx.put_tenant(&tenant).await.map(drop)
        })
        .await
    }
}
