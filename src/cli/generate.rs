//! Completion scripts and manual pages, from the definitions in `args`.

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use std::io::{self, Write};
use std::path::Path;

use super::args::Arguments;

const PROGRAM: &str = "pear-archive";

/// Shells with a completion script, and the file names they expect.
const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "pear-archive.bash"),
    (Shell::Zsh, "_pear-archive"),
    (Shell::Fish, "pear-archive.fish"),
    (Shell::PowerShell, "_pear-archive.ps1"),
    (Shell::Elvish, "pear-archive.elv"),
];

/// Returns the completion script of a shell.
pub fn completion(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut shown_commands(), PROGRAM, &mut script);
    match shell {
        Shell::Bash => glued_values(consistent_names(script)).into_bytes(),
        _ => script,
    }
}

/// Returns the program without its hidden commands, which generators would offer.
fn shown_commands() -> Command {
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    Command::new(PROGRAM)
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().cloned())
        .subcommands(shown)
}

/// Gives a command the same name everywhere in the script for bash. The generator
/// writes the hyphen of the program's name as `__` where it finds the command and as
/// `__subcmd__` where it completes it, so nothing was completed after any command.
fn consistent_names(script: Vec<u8>) -> String {
    let script = String::from_utf8(script).expect("the generator writes text");
    script.replace("pear__subcmd__archive", "pear__archive")
}

/// Completes values also after `--option=`. Bash makes the `=` a word of its own, which
/// the generator takes for the word before the value.
fn glued_values(script: String) -> String {
    let before = "    prev=\"$3\"\n";
    let skip = "    if [[ \"${cur}\" == \"=\" ]]; then
        cur=\"\"
    elif [[ \"${prev}\" == \"=\" ]]; then
        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    fi\n";
    script.replacen(before, &format!("{before}{skip}"), 1)
}

/// Returns the manual page of a command, or of the program; `None` if there is no such
/// command.
///
/// # Errors
/// None in practice, because it writes to memory.
pub fn manual(command: Option<&str>) -> io::Result<Option<Vec<u8>>> {
    let program = program();
    let page = match command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(found) => page_of(found),
            None => return Ok(None),
        },
    };
    let sections = page.get_after_help().map(|help| help.to_string()).unwrap_or_default();
    let has_commands = page.has_subcommands();
    let page = clap_mangen::Man::new(page);
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    if has_commands {
        page.render_subcommands_section(&mut roff)?;
    }
    roff.extend(extra_sections(&sections).bytes());
    if !has_commands {
        roff.extend_from_slice(b".SH \"SEE ALSO\"\n.BR pear\\-archive (1)\n");
    }
    Ok(Some(roff))
}

/// Formats the part of the help text after the options as sections: each paragraph
/// begins with its title and a colon. Line breaks are kept.
fn extra_sections(help: &str) -> String {
    let mut roff = String::new();
    for paragraph in help.split("\n\n") {
        let Some((title, body)) = paragraph.split_once(":\n") else { continue };
        roff.push_str(&format!(".SH \"{}\"\n.nf\n", title.to_uppercase()));
        for line in body.lines() {
            // No line may look like a request, which begins with a dot or quote.
            roff.push_str("\\&");
            roff.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
            roff.push('\n');
        }
        roff.push_str(".fi\n");
    }
    roff
}

/// Returns the names of the commands that have a manual page.
fn commands() -> Vec<String> {
    let program = program();
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| command.get_name().to_owned()).filter(|name| name != "help").collect()
}

/// Returns the program with all options of the commands filled in.
fn program() -> Command {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    program
}

/// Returns a command as a page of its own: `pear-archive-create(1)`.
fn page_of(command: &Command) -> Command {
    let name = format!("{PROGRAM}-{}", command.get_name());
    command.clone().display_name(name).version(env!("CARGO_PKG_VERSION"))
}

/// Writes `completions/` and `man/` under a directory.
///
/// # Errors
/// The error of the file system.
pub fn write_all(directory: &Path) -> io::Result<()> {
    let write = |folder: &str, name: &str, content: &[u8]| {
        let folder = directory.join(folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::File::create(folder.join(name))?.write_all(content)
    };
    for (shell, name) in SHELLS {
        write("completions", name, &completion(shell))?;
    }
    write("man", "pear-archive.1", &manual(None)?.unwrap_or_default())?;
    for command in commands() {
        let page = manual(Some(&command))?.unwrap_or_default();
        write("man", &format!("{PROGRAM}-{command}.1"), &page)?;
    }
    Ok(())
}
