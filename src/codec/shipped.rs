//! Shipped bases: texts in the program from which small groups go on.
//!
//! A base is one text or several, one behind the other; each text is in the program once.
//! The last text of a base is the kind of content that it serves. An engine learns only
//! the last bytes of a base, as many as its size class says, so that starting from it
//! takes little time.
//!
//! To add a base: a line in the list below, its text in `spec/bases`, its row in the
//! spec. Bases are never changed and never removed.
//!
//! Normative text: spec/codec.md §7.6.

mod choice;

#[cfg(doc)]
use super::encode_group;
use super::pear::Pear;
use super::{
    BaseState, Codec, CodecError, CodecOptions, Coding, EncodedFrom, Filter, Start, check_length,
    chosen, encode_group_from, samples,
};
use crate::arith::Isa;
use crate::model::{Contexts, Model};
use std::borrow::Cow;

/// A shipped base.
#[derive(Debug, PartialEq, Eq)]
pub struct ShippedBase {
    /// Name in messages.
    pub name: &'static str,
    /// First bytes of the BLAKE3 hash of its bytes: how a section header names it.
    pub id: [u8; 4],
    /// Numbers of the texts that it is made of.
    texts: &'static [usize],
}

/// Declares the texts, then the bases: `id, texts`; a base has the name of its last text.
macro_rules! shipped {
    (texts: $($text:ident)+; bases: $($name:ident: $id:expr, [$($part:ident)+];)+) => {
        /// Places of the texts in `TEXTS`.
        #[allow(non_camel_case_types)]
        enum Text { $($text),+ }

        /// All texts.
        static TEXTS: &[&[u8]] = &[
            $(include_bytes!(concat!("../../spec/bases/", stringify!($text), ".txt"))),+
        ];

        impl ShippedBase {
            /// All shipped bases.
            pub const ALL: &[ShippedBase] = &[$(ShippedBase {
                name: stringify!($name),
                id: u32::to_be_bytes($id),
                texts: &[$(Text::$part as usize),+],
            }),+];
        }
    };
}

shipped! {
    texts:
        c config cpp css csv diff english french german go html italian java javascript json
        logs manpage markdown perl php po portuguese python ruby rust shell spanish sql tex xml;
    bases:
        english: 0x6a55bd27, [english];
        c: 0xfd4f6e5e, [markdown xml html cpp rust javascript python english c];
        config: 0x5fa57ba7, [markdown xml html c cpp rust javascript python english config];
        cpp: 0x64538dbd, [markdown xml html c rust javascript python english cpp];
        css: 0x2f95eb5a, [markdown xml html c cpp rust javascript python english css];
        csv: 0x1b25f15a, [markdown xml html c cpp rust javascript python english csv];
        diff: 0x7a55e910, [markdown xml html c cpp rust javascript python english diff];
        french: 0xe9e99569, [markdown xml html c cpp rust javascript python english french];
        german: 0x52f49b50, [markdown xml html c cpp rust javascript python english german];
        go: 0x1a2a4e8f, [markdown xml html c cpp rust javascript python english go];
        html: 0xec6feb37, [markdown xml c cpp rust javascript python english html];
        italian: 0x783b0585, [markdown xml html c cpp rust javascript python english italian];
        java: 0x057d04f1, [markdown xml html c cpp rust javascript python english java];
        javascript: 0xfe2b3711, [markdown xml html c cpp rust python english javascript];
        json: 0xaf7db069, [markdown xml html c cpp rust javascript python english json];
        logs: 0x8037d73c, [english logs];
        manpage: 0x5edff114, [markdown xml html c cpp rust javascript python english manpage];
        markdown: 0x76e526b8, [xml html c cpp rust javascript python english markdown];
        perl: 0x87c14fd8, [markdown xml html c cpp rust javascript python english perl];
        php: 0x23875189, [markdown xml html c cpp rust javascript python english php];
        po: 0xd6963471, [markdown xml html c cpp rust javascript python english po];
        portuguese: 0xe1ae77b6, [markdown xml html c cpp rust javascript python english portuguese];
        python: 0x2738495c, [markdown xml html c cpp rust javascript english python];
        ruby: 0x7b276098, [markdown xml html c cpp rust javascript python english ruby];
        rust: 0x56db82d7, [markdown xml html c cpp javascript python english rust];
        shell: 0xbb2b766e, [markdown xml html c cpp rust javascript python english shell];
        spanish: 0xc3ea9dbf, [markdown xml html c cpp rust javascript python english spanish];
        sql: 0x5fe4efd1, [markdown xml html c cpp rust javascript python english sql];
        tex: 0xf6fc2b60, [markdown xml html c cpp rust javascript python english tex];
        xml: 0xdcf6a08a, [markdown html c cpp rust javascript python english xml];
}

impl ShippedBase {
    /// The base of this id.
    pub fn of_id(id: [u8; 4]) -> Option<&'static ShippedBase> {
        ShippedBase::ALL.iter().find(|base| base.id == id)
    }

    /// Length in bytes.
    pub fn length(&self) -> usize {
        self.texts.iter().map(|&text| TEXTS[text].len()).sum()
    }

    /// The last `most` of its bytes, or all.
    pub fn last_bytes(&self, most: usize) -> Vec<u8> {
        let bytes: Vec<u8> = self.texts.iter().flat_map(|&text| TEXTS[text]).copied().collect();
        bytes[bytes.len().saturating_sub(most)..].to_vec()
    }

    /// Symbols of the state behind it.
    pub fn state_length(&self, model: Model) -> usize {
        self.length().min(model.class.size().most_shipped)
    }

    /// Makes the state behind it, with tables for `2^capacity` symbols. Costs at most a
    /// quarter of a second.
    ///
    /// # Errors
    /// [`CodecError::NoBase`] if the base does not serve groups that are coded so;
    /// [`CodecError::Capacity`]; [`CodecError::SelfTest`].
    pub fn state(&self, coding: Coding, capacity: u8, isa: Isa) -> Result<BaseState, CodecError> {
        match coding {
            Coding::Pear(Pear { filter: Filter::None, model })
                if model.contexts == Contexts::Text =>
            {
                let bytes = self.last_bytes(self.state_length(model));
                BaseState::learn(coding, &bytes, Start::Capacity(capacity), isa)
            }
            _ => Err(CodecError::NoBase { codec: coding.codec().name() }),
        }
    }
}

/// Largest group that is tried behind a shipped base, in bytes. A larger one gains less,
/// and byte pairs may pay more.
const MOST_GROUP: usize = 1 << 18;

/// Codes one group, behind a shipped base if that makes it smaller than
/// [`encode_group`] does. Returns the base too. A group is coded twice if its content is
/// like that of a base.
///
/// # Errors
/// Those of [`encode_group`].
pub fn encode_group_shipped<'a>(
    raw: impl Into<Cow<'a, [u8]>>,
    options: &CodecOptions,
) -> Result<(EncodedFrom, Option<&'static ShippedBase>), CodecError> {
    let raw = raw.into();
    check_length(raw.len() as u64)?;
    let tried = match likely(&raw, options) {
        Some(base) => Some((base, encode_behind(&raw, base, options)?)),
        None => None,
    };
    let alone = encode_group_from(raw, options, Start::Anew, false)?;
    Ok(match tried {
        Some((base, behind))
            if behind.based && behind.group.payload.len() < alone.group.payload.len() =>
        {
            (behind, Some(base))
        }
        _ => (alone, None),
    })
}

/// The base whose content is most like the group, if it may pay.
fn likely(raw: &[u8], options: &CodecOptions) -> Option<&'static ShippedBase> {
    let suits = chosen(raw, options) == Codec::Pear
        && raw.len() <= MOST_GROUP
        && samples::contexts(raw) == Contexts::Text;
    suits.then(|| choice::likely(raw)).flatten()
}

/// Codes a group behind a base, with tables for both.
fn encode_behind(
    raw: &[u8],
    base: &ShippedBase,
    options: &CodecOptions,
) -> Result<EncodedFrom, CodecError> {
    let model = Model::of_level(options.level, Contexts::Text);
    let symbols = base.state_length(model) + raw.len();
    let capacity = symbols.next_power_of_two().ilog2().max(12) as u8;
    let coding = Coding::Pear(Pear { filter: Filter::None, model });
    let state = base.state(coding, capacity, options.isa)?;
    encode_group_from(raw, options, Start::Behind(&state), false)
}
