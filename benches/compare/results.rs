//! Measurements, kept in a file of tab-separated lines.
//!
//! Lines are only ever appended; if several have the same key, the last counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::{Cost, Input, Measurement};
use crate::programs::Program;

/// The key of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    program: String,
    input: String,
    bytes: u64,
}

impl Key {
    pub fn new(input: &Input, program: &Program) -> Key {
        Key { program: program.label.clone(), input: input.name.clone(), bytes: input.bytes }
    }
}

/// All measurements known.
pub struct Results {
    known: BTreeMap<Key, Measurement>,
    file: Option<File>,
}

impl Results {
    /// Opens a cache, or begins one.
    pub fn open(cache: Option<&Path>) -> Result<Results> {
        let mut results = Results { known: BTreeMap::new(), file: None };
        let Some(path) = cache else { return Ok(results) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("{}", path.display()))?,
        };
        for (number, line) in text.lines().enumerate() {
            let parsed = parse(line);
            let (key, measurement) =
                parsed.with_context(|| format!("{}, line {}", path.display(), number + 1))?;
            results.known.insert(key, measurement);
        }
        results.file = Some(File::options().append(true).create(true).open(path)?);
        Ok(results)
    }

    pub fn get(&self, key: &Key) -> Option<Measurement> {
        self.known.get(key).copied()
    }

    /// Adds a measurement, in the cache too.
    pub fn add(&mut self, key: Key, measurement: Measurement) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(format(&key, &measurement).as_bytes())?;
        }
        self.known.insert(key, measurement);
        Ok(())
    }
}

fn format(key: &Key, found: &Measurement) -> String {
    let Measurement { size, create, extract } = found;
    format!(
        "{}\t{}\t{}\t{size}\t{}\t{}\t{}\t{}\n",
        key.program,
        key.input,
        key.bytes,
        create.seconds,
        create.memory,
        extract.seconds,
        extract.memory
    )
}

fn parse(line: &str) -> Result<(Key, Measurement)> {
    let cells: Vec<_> = line.split('\t').collect();
    let [program, input, bytes, size, create, create_memory, extract, extract_memory] = cells[..]
    else {
        anyhow::bail!("not eight cells");
    };
    let cost = |seconds: &str, memory: &str| {
        anyhow::Ok(Cost { seconds: seconds.parse()?, memory: memory.parse()? })
    };
    let key = Key { program: program.into(), input: input.into(), bytes: bytes.parse()? };
    let measurement = Measurement {
        size: size.parse()?,
        create: cost(create, create_memory)?,
        extract: cost(extract, extract_memory)?,
    };
    Ok((key, measurement))
}
