//! A special place: a box, a locker, a military address, an island or an enclave, where not every service goes.

/// A kind of special place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PlaceKind {
    /// A post-office box.
    PoBox,
    /// A parcel locker of the post (Packstation).
    Locker,
    /// A counter of the post that keeps parcels (Postfiliale).
    PostOffice,
    /// Military and diplomatic post of the United States: APO, FPO, DPO.
    Military,
    /// Alaska and Hawaii.
    AlaskaHawaii,
    /// Puerto Rico, Guam, the Virgin Islands, American Samoa, the Northern Marianas.
    UsTerritory,
    /// The Canary Islands.
    Canaries,
    /// Ceuta.
    Ceuta,
    /// Melilla.
    Melilla,
    /// The Balearic Islands.
    Balearics,
    /// The Azores and Madeira.
    PortugueseIslands,
    /// Northern Ireland.
    NorthernIreland,
    /// Jersey, Guernsey and their neighbours.
    ChannelIslands,
    /// The Isle of Man.
    IsleOfMan,
    /// The French overseas departments and territories.
    FrenchOverseas,
    /// Corsica.
    Corsica,
    /// Åland.
    Aland,
    /// Svalbard and Jan Mayen.
    Svalbard,
    /// Livigno.
    Livigno,
    /// Campione d'Italia.
    Campione,
    /// Büsingen.
    Busingen,
    /// Heligoland.
    Heligoland,
    /// Mount Athos.
    Athos,
    /// San Marino.
    SanMarino,
    /// The Vatican.
    Vatican,
    /// The Faroe Islands and Greenland.
    FaroesGreenland,
    /// Samnaun.
    Samnaun,
    /// Kaliningrad.
    Kaliningrad,
}

/// A set of kinds of special places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places(u64);

impl Places {
    /// No place.
    pub const NONE: Self = Self(0);

    /// These kinds.
    pub const fn of(kinds: &[PlaceKind]) -> Self {
        let mut bits = 0;
        let mut place = 0;
        while place < kinds.len() {
            bits |= 1 << kinds[place] as u8;
            place += 1;
        }
        Self(bits)
    }

    /// Whether a kind is among them.
    pub const fn has(self, kind: PlaceKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// The kinds in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The kinds in either set.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
