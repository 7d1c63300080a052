//! Our levels compared with other programs: sizes, processor times, memory.
//!
//! ```text
//! cargo bench --bench compare -- --cache results.tsv --markdown docs/benchmarks.md \
//!     --svg docs/size-against-speed.svg FILE_OR_DIRECTORY...
//! ```
//!
//! Every program packs and unpacks every input on one thread. The result is compared
//! with the input before anything is reported. For a directory, programs that compress
//! one file only get a tar. Times are user seconds of processor time, medians of
//! `--runs`; memory is the peak of the process. Programs that are not installed are
//! named and left out.
//!
//! With `--cache`, finished measurements are kept in a file, so a long comparison can
//! be interrupted and continues where it stopped.

mod measure;
mod picture;
mod programs;
mod report;
mod results;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use measure::Input;
use programs::Program;
use results::{Key, Results};

#[derive(Parser)]
#[command(bin_name = "cargo bench --bench compare --")]
struct Arguments {
    /// Files and directories to pack
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Our levels
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,5,7,9")]
    levels: Vec<u8>,
    /// Other programs by first word (zpaq, 7z, xz, …), or 'none' [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    peers: Option<Vec<String>>,
    /// Runs of which the median counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Keep measurements in this file, and do not repeat those it holds
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
    /// Measure programs whose name begins so although the cache holds them
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    again: Vec<String>,
    /// Report what the cache holds; measure nothing
    #[arg(long, requires = "cache")]
    report_only: bool,
    /// Write the tables here too; between the marks, if the file has them
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Draw size against speed
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.runs > 0, "--runs must be at least 1");
    let inputs =
        arguments.paths.iter().map(|path| Input::open(path)).collect::<Result<Vec<_>>>()?;
    let programs = chosen(&arguments);
    let mut results = Results::open(arguments.cache.as_deref())?;
    if !arguments.report_only {
        measure_all(&arguments, &inputs, &programs, &mut results)?;
    }

    let tables = report::tables(&inputs, &programs, &results);
    let tables: Vec<_> = tables.into_iter().filter(|table| !table.rows.is_empty()).collect();
    let text = report::markdown(&tables);
    print!("{text}");
    if let Some(path) = &arguments.markdown {
        let whole = report::into_document(fs::read_to_string(path).ok(), &text);
        fs::write(path, whole).with_context(|| format!("{}", path.display()))?;
    }
    if let (Some(path), Some(table)) = (&arguments.svg, tables.last()) {
        fs::write(path, picture::draw(table)).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

/// Returns our levels and the requested peers.
fn chosen(arguments: &Arguments) -> Vec<Program> {
    let mut programs = programs::ours(&arguments.levels);
    programs.extend(programs::peers().into_iter().filter(|peer| match &arguments.peers {
        None => true,
        Some(names) => names.iter().any(|name| name == peer.tool()),
    }));
    programs
}

/// Measures what is missing in the results.
fn measure_all(
    arguments: &Arguments,
    inputs: &[Input],
    programs: &[Program],
    results: &mut Results,
) -> Result<()> {
    for program in programs {
        if !program.is_installed() {
            eprintln!("{}: not installed, left out", program.tool());
            continue;
        }
        let again = arguments.again.iter().any(|name| program.label.starts_with(name));
        for input in inputs {
            let key = Key::new(input, program);
            if again || results.get(&key).is_none() {
                eprintln!("{}: {}", program.label, input.name);
                let measurement = measure::measure(program, input, arguments.runs)
                    .with_context(|| format!("{} on {}", program.label, input.name))?;
                results.add(key, measurement)?;
            }
        }
    }
    Ok(())
}
