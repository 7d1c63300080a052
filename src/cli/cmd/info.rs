//! `pear-archive info`.

use std::path::Path;

use super::super::args::Info;
use super::super::config;
use super::super::exit::Exit;
use super::super::json::{Object, hex};
use super::super::size::show_size;
use super::open_archive;
use crate::archive::{Archive, GroupInfo};
use crate::codec::{codec_name, filter_name};
use crate::container::ReadAt;

/// Prints what is known without decoding anything.
pub fn run(arguments: &Info) -> anyhow::Result<Exit> {
    let limits = config::limits(&arguments.limits, &arguments.memory);
    let archive = open_archive(&arguments.archive, &limits)?;
    let whole = Whole::of(&archive);
    let text = match arguments.json {
        true => whole.json(),
        false => whole.table(&arguments.archive),
    };
    super::print(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// All that is shown.
struct Whole {
    entries: usize,
    stored: u64,
    raw: u64,
    root_hash: String,
    seconds: f64,
    /// Most memory one group takes to decode.
    memory: u64,
    groups: Vec<GroupInfo>,
}

impl Whole {
    fn of<S: ReadAt>(archive: &Archive<S>) -> Whole {
        let groups: Vec<GroupInfo> = archive.groups().collect();
        Whole {
            entries: archive.entries().len(),
            stored: archive.stored_length(),
            raw: groups.iter().map(|group| group.raw_length).sum(),
            root_hash: hex(&archive.root_hash()),
            seconds: groups.iter().map(|group| group.decode_seconds).sum(),
            memory: groups.iter().filter_map(|group| group.decode_memory).max().unwrap_or(0),
            groups,
        }
    }

    fn json(&self) -> String {
        let first = Object::new()
            .text("type", "archive")
            .number("entries", self.entries)
            .number("groups", self.groups.len())
            .number("size", self.raw)
            .number("stored", self.stored)
            .number("decode_seconds", self.seconds)
            .number("decode_memory", self.memory)
            .text("root_hash", &self.root_hash);
        let groups = self.groups.iter().map(|group| {
            let object = Object::new()
                .text("type", "group")
                .number("group", group.group)
                .number("offset", group.offset)
                .number("size", group.raw_length)
                .number("stored", group.stored_length)
                .text("codec", codec_name(group.coding.codec))
                .text("filter", filter_name(group.coding.filter))
                .number("model", group.coding.model)
                .number("decode_seconds", group.decode_seconds);
            match group.decode_memory {
                Some(memory) => object.number("decode_memory", memory),
                None => object,
            }
        });
        [first].into_iter().chain(groups).map(|object| object.finish() + "\n").collect()
    }

    fn table(&self, path: &Path) -> String {
        let mut text = format!(
            "{}\n  entries     {}\n  content     {} in {} group{}\n  stored      {}, ratio {:.3}\n  \
             decoding    about {} on one core, {} of memory for each group at once\n  \
             root hash   {}\n",
            config::shown(path),
            self.entries,
            show_size(self.raw),
            self.groups.len(),
            if self.groups.len() == 1 { "" } else { "s" },
            show_size(self.stored),
            ratio(self.raw, self.stored),
            show_seconds(self.seconds),
            show_size(self.memory),
            self.root_hash,
        );
        if !self.groups.is_empty() {
            text.push_str(
                "\n  group        offset       size     stored   ratio  \
                 codec       filter  model    time     memory\n",
            );
        }
        text.extend(self.groups.iter().map(row));
        text
    }
}

/// A group's line of the table.
fn row(group: &GroupInfo) -> String {
    format!(
        "  {:>5}  {:>12} {:>10} {:>10} {:>7.3}  {:<10}  {:<6}  {:>5} {:>7} {:>10}\n",
        group.group,
        group.offset,
        show_size(group.raw_length),
        show_size(group.stored_length),
        ratio(group.raw_length, group.stored_length),
        codec_name(group.coding.codec),
        filter_name(group.coding.filter),
        group.coding.model,
        show_seconds(group.decode_seconds),
        group.decode_memory.map_or("unknown".to_owned(), show_size),
    )
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
