//! `pear-archive info`.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::args::Info;
use super::super::exit::Exit;
use super::super::json::{self, hex};
use super::super::listing::transform_name as name;
use super::super::records::{ArchiveRecord, GroupRecord, InfoRecord};
use super::super::report::Report;
use super::super::signal::cancel_flag;
use super::super::size::show_size;
use super::super::watch::Watch;
use super::super::{config, date};
use super::{Input, named, piped};
use crate::archive::{Archive, GroupInfo, RecipeInfo, Shard};
use crate::codec::{codec_name, filter_name};
use crate::container::ReadAt;

/// Prints what is known without decoding anything.
pub fn run(arguments: &Info, report: &Report) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.memory);
    let cancel = cancel_flag()?;
    let name = config::shown(&arguments.archive);
    let watch = Watch::new(report, &name, &cancel);
    let control = watch.control();
    let named = |error| named(&arguments.archive, error);
    let at = arguments.generation.generation.unwrap_or_default();
    let whole = match Input::open(&arguments.archive)? {
        Input::File(volumes) => {
            Whole::of(&Archive::open_volumes(volumes, &limits, &control, at).map_err(named)?)
        }
        Input::Pipe(input) => {
            let archive = Archive::of_stream(piped(input, &cancel), &limits, &control, at);
            Whole::of(&archive.map_err(named)?)
        }
    };
    let text = match arguments.json {
        true => whole.json(),
        false => whole.table(&arguments.archive),
    };
    super::print(text.as_bytes())?;
    Ok(watch.exit())
}

/// Everything that is shown.
struct Whole {
    entries: usize,
    /// Number of the generation, and its date.
    generation: (u64, Option<i64>),
    incomplete: bool,
    /// Bytes that are of no use any more.
    dead: u64,
    /// The part of a plan that it is.
    shard: Option<Shard>,
    stored: u64,
    raw: u64,
    /// Number of entries that can be restored.
    intact: usize,
    /// `None` if the archive is damaged.
    root_hash: Option<String>,
    seconds: f64,
    /// Largest memory, in bytes, that one group takes to decode.
    memory: u64,
    groups: Vec<GroupInfo>,
    /// The bases that are not in the archive, by group: their digests, which a pipe does not
    /// keep.
    outside: BTreeMap<u64, Option<String>>,
    recipes: RecipeInfo,
    /// Bytes of contents that are stored once although they come again.
    repeated: u64,
}

impl Whole {
    fn of<S: ReadAt>(archive: &Archive<S>) -> Whole {
        let groups: Vec<GroupInfo> = archive.groups().collect();
        let digest = |group| archive.given_base(group).map(|digest| hex(&digest));
        let given = groups.iter().filter(|group| group.is_given).map(|group| group.group);
        let outside = given.map(|group| (group, digest(group))).collect();
        let recipes = archive.recipes();
        let decoding = groups.iter().filter_map(|group| group.decode_seconds).sum::<f64>();
        let memory = groups.iter().filter_map(|group| group.decode_memory).max();
        Whole {
            entries: archive.entries().len(),
            generation: (archive.generation(), archive.date()),
            incomplete: archive.is_incomplete(),
            dead: archive.dead_bytes(),
            shard: archive.shard(),
            stored: archive.stored_length(),
            raw: groups.iter().map(|group| group.raw_length).sum(),
            intact: archive.entries().iter().filter(|entry| archive.is_intact(entry)).count(),
            root_hash: archive.root_hash().map(|hash| hex(&hash)),
            seconds: decoding + recipes.seconds.0,
            memory: memory.unwrap_or(0).max(recipes.memory),
            groups,
            outside,
            recipes,
            repeated: archive.repeated_bytes(),
        }
    }

    /// Rough seconds of one core to reach the group that takes longest, with its base, and to
    /// make the file that takes longest.
    fn slowest(&self) -> f64 {
        let seconds = |group: &GroupInfo| group.decode_seconds.unwrap_or(0.0);
        let base = |group: &GroupInfo| {
            let base = group.base.and_then(|base| self.groups.get(usize::try_from(base).ok()?));
            base.map_or(0.0, seconds)
        };
        let groups = self.groups.iter().map(|group| seconds(group) + base(group));
        groups.fold(0.0, f64::max) + self.recipes.seconds.1
    }

    /// Bytes of the contents: of files that are made, not of what they are made of.
    fn data(&self) -> u64 {
        let all = self.raw.saturating_add(self.repeated).saturating_add(self.recipes.size);
        all.saturating_sub(self.recipes.of)
    }

    fn json(&self) -> String {
        let archive = InfoRecord::Archive(ArchiveRecord {
            entries: self.entries,
            generation: self.generation.0,
            date_seconds: self.generation.1,
            incomplete: self.incomplete,
            dead: self.dead,
            shard: self.shard.map(|shard| shard.number + 1),
            shards: self.shard.map(|shard| shard.count),
            plan: self.shard.map(|shard| hex(&shard.plan)),
            groups: self.groups.len(),
            size: self.raw,
            stored: self.stored,
            decode_seconds: self.seconds,
            decode_memory: self.memory,
            root_hash: self.root_hash.clone(),
            intact: self.root_hash.is_none().then_some(self.intact),
            made: self.recipes.contents,
            made_size: self.recipes.size,
            made_of: self.recipes.of,
            deduplicated: self.repeated,
        });
        let groups = self.groups.iter().map(|group| {
            let outside = self.outside.get(&group.group).cloned().flatten();
            InfoRecord::Group(GroupRecord::of(group, outside))
        });
        [archive].into_iter().chain(groups).map(|record| json::line(&record) + "\n").collect()
    }

    fn table(&self, path: &Path) -> String {
        let mut text = format!(
            "{}\n  entries     {}\n{}{}  content     {} in {} group{}\n{}{}  stored      {}, ratio {:.3}\n  \
             decoding    about {} on one core, {} of memory for each group at once\n  \
             one file    at most about {}\n  {}\n",
            config::shown(path),
            self.entries,
            self.generation(),
            self.shard(),
            show_size(self.data()),
            self.groups.len(),
            if self.groups.len() == 1 { "" } else { "s" },
            self.recipes(),
            self.deduplicated(),
            show_size(self.stored),
            ratio(self.data(), self.stored),
            show_seconds(self.seconds),
            show_size(self.memory),
            show_seconds(self.slowest()),
            match &self.root_hash {
                Some(hash) => format!("root hash   {hash}"),
                None => format!("intact      {} of the entries", self.intact),
            },
        );
        if !self.groups.is_empty() {
            text.push_str(
                "\n  group        offset       size     stored   ratio  \
                 codec       filter  model  base        time     memory\n",
            );
        }
        text.extend(self.groups.iter().map(row));
        for (group, digest) in &self.outside {
            let name = digest.as_ref().map_or(String::new(), |digest| format!(" b3:{digest}"));
            text.push_str(&format!(
                "\n  group {group} is the base{name}, outside the archive: give it with --base\n"
            ));
        }
        text
    }
}

impl Whole {
    /// Returns the lines about generations, if there is more than one or a date.
    fn generation(&self) -> String {
        let (number, dated) = self.generation;
        let dated = dated.map(|date| format!(" of {}", date::show_date(date)));
        if number == 0 && dated.is_none() && !self.incomplete {
            return String::new();
        }
        let percent = self.dead as f64 * 100.0 / self.stored.max(1) as f64;
        let incomplete = if self.incomplete { ", incomplete" } else { "" };
        let (dated, dead) = (dated.unwrap_or_default() + incomplete, show_size(self.dead));
        format!("  generation  {number}{dated}\n  dead        {dead}, {percent:.1} %\n")
    }

    /// Returns the line about the plan that the archive is a part of, if there is one.
    fn shard(&self) -> String {
        let Some(Shard { count, number, plan }) = self.shard else { return String::new() };
        format!("  shard       {} of {count}, plan {}\n", number + 1, hex(&plan))
    }

    /// Returns the line about what is stored once although it comes again, if there is such.
    fn deduplicated(&self) -> String {
        match self.repeated {
            0 => String::new(),
            bytes => format!("  repeated    {} more, stored once\n", show_size(bytes)),
        }
    }

    /// Returns the line about files that are made by recipes, if there are any.
    fn recipes(&self) -> String {
        let RecipeInfo { contents, size, of, transforms, .. } = &self.recipes;
        if *contents == 0 {
            return String::new();
        }
        let count = |(&transform, count): (&u64, &u64)| format!("{} {count}", name(transform));
        let transforms: Vec<String> = transforms.iter().map(count).collect();
        let (size, of) = (show_size(*size), show_size(*of));
        let files = if *contents == 1 { "file" } else { "files" };
        let transforms = transforms.join(", ");
        format!("  recipes     {contents} {files} of {size} made of {of}: {transforms}\n")
    }
}

/// Returns a group's line of the table.
fn row(group: &GroupInfo) -> String {
    format!(
        "  {:>5}  {:>12} {:>10} {:>10} {:>7.3}  {:<10}  {:<6}  {:>5}  {:<10} {:>5} {:>10}\n",
        group.group,
        group.offset,
        show_size(group.raw_length),
        show_size(group.stored_length),
        ratio(group.raw_length, group.stored_length),
        coded_by(group),
        filter_name(group.coding.filter),
        group.coding.model,
        show_base(group),
        group.decode_seconds.map_or("unknown".to_owned(), show_seconds),
        group.decode_memory.map_or("unknown".to_owned(), show_size),
    )
}

/// Returns the name of what coded a group.
fn coded_by(group: &GroupInfo) -> &'static str {
    if group.is_given { "given" } else { codec_name(group.coding.codec) }
}

/// Returns what a group goes on from, or that it is a base itself.
fn show_base(group: &GroupInfo) -> String {
    match (group.base, group.shipped) {
        (Some(base), _) => base.to_string(),
        (None, Some(shipped)) => shipped.to_owned(),
        (None, None) if group.is_base => "is a base".to_owned(),
        (None, None) => "-".to_owned(),
    }
}

fn ratio(raw: u64, stored: u64) -> f64 {
    raw as f64 / stored.max(1) as f64
}

fn show_seconds(seconds: f64) -> String {
    match seconds {
        0.0..0.0995 => format!("{:.0} ms", seconds * 1000.0),
        0.0..99.5 => format!("{seconds:.1} s"),
        0.0..5970.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
