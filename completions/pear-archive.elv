
use builtin;
use str;

set edit:completion:arg-completer[pear-archive] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'pear-archive'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'pear-archive'= {
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand create 'Make an archive of files and directories'
            cand c 'Make an archive of files and directories'
            cand extract 'Unpack an archive, or the entries that match the patterns'
            cand x 'Unpack an archive, or the entries that match the patterns'
            cand list 'List what an archive holds, one entry per line'
            cand l 'List what an archive holds, one entry per line'
            cand ls 'List what an archive holds, one entry per line'
            cand cat 'Print files of an archive to standard output'
            cand verify 'Check an archive for damage'
            cand t 'Check an archive for damage'
            cand info 'Show how an archive is coded and what decoding it takes'
            cand import 'Make an archive of what a tar holds'
            cand export 'Make a tar of an archive, or of the entries that match the patterns'
            cand completions 'Print a completion script for a shell'
            cand man 'Print a manual page'
            cand generate 'Write completions/ and man/, as they are checked in'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pear-archive;create'= {
            cand -C 'Take paths relative to this directory'
            cand --directory 'Take paths relative to this directory'
            cand -T 'Read more paths from a file, one per line; ''-'' is standard input'
            cand --files-from 'Read more paths from a file, one per line; ''-'' is standard input'
            cand --exclude 'Leave out what matches'
            cand --exclude-from 'Read such patterns from a file, one per line'
            cand --codec 'How to compress'
            cand --level 'From 1 (fast) to 9 (small)'
            cand --lanes 'Lanes of pear-paper: more are faster and compress less'
            cand --group-size 'Bytes coded as one unit'
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --null 'Paths of --files-from end with NUL instead of a newline'
            cand --one-file-system 'Stay on the file system of each path given'
            cand --verify 'Decode every group and compare before it is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;c'= {
            cand -C 'Take paths relative to this directory'
            cand --directory 'Take paths relative to this directory'
            cand -T 'Read more paths from a file, one per line; ''-'' is standard input'
            cand --files-from 'Read more paths from a file, one per line; ''-'' is standard input'
            cand --exclude 'Leave out what matches'
            cand --exclude-from 'Read such patterns from a file, one per line'
            cand --codec 'How to compress'
            cand --level 'From 1 (fast) to 9 (small)'
            cand --lanes 'Lanes of pear-paper: more are faster and compress less'
            cand --group-size 'Bytes coded as one unit'
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --null 'Paths of --files-from end with NUL instead of a newline'
            cand --one-file-system 'Stay on the file system of each path given'
            cand --verify 'Decode every group and compare before it is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;extract'= {
            cand -C 'Extract into this directory; made if missing'
            cand --directory 'Extract into this directory; made if missing'
            cand --overwrite 'What to do with files that exist [default: refuse to begin]'
            cand --strip-components 'Drop this many leading components of each path'
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --here 'Extract into the current directory'
            cand -p 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
            cand --preserve 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
            cand --numeric-owner 'Restore owners by number, not by name'
            cand --keep-damaged 'Keep damaged files as well, under names that end in ''.damaged'''
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;x'= {
            cand -C 'Extract into this directory; made if missing'
            cand --directory 'Extract into this directory; made if missing'
            cand --overwrite 'What to do with files that exist [default: refuse to begin]'
            cand --strip-components 'Drop this many leading components of each path'
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --here 'Extract into the current directory'
            cand -p 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
            cand --preserve 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
            cand --numeric-owner 'Restore owners by number, not by name'
            cand --keep-damaged 'Keep damaged files as well, under names that end in ''.damaged'''
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;list'= {
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -l 'Show mode, owner, size and time as well'
            cand --long 'Show mode, owner, size and time as well'
            cand --json 'Print JSON Lines'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;l'= {
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -l 'Show mode, owner, size and time as well'
            cand --long 'Show mode, owner, size and time as well'
            cand --json 'Print JSON Lines'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;ls'= {
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -l 'Show mode, owner, size and time as well'
            cand --long 'Show mode, owner, size and time as well'
            cand --json 'Print JSON Lines'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;cat'= {
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;verify'= {
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --quick 'Check stored bytes only, without decoding'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;t'= {
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --quick 'Check stored bytes only, without decoding'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;info'= {
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --json 'Print JSON Lines: one object for the archive, then one per group'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;import'= {
            cand --codec 'How to compress'
            cand --level 'From 1 (fast) to 9 (small)'
            cand --lanes 'Lanes of pear-paper: more are faster and compress less'
            cand --group-size 'Bytes coded as one unit'
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --strip-unsafe 'Take absolute names and names with ''..'' without what is unsafe'
            cand --verify 'Decode every group and compare before it is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;export'= {
            cand -j 'Groups coded at once [default: one per core]'
            cand --jobs 'Groups coded at once [default: one per core]'
            cand --memory 'Memory to stay within, by running fewer jobs at once'
            cand --max-entries 'Most entries [default: 10,000,000]'
            cand --max-name 'Longest path, in bytes [default: 4096]'
            cand --max-depth 'Most components of a path [default: 2048]'
            cand --max-output 'Most bytes to write out [default: no limit]'
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand --keep-incomplete 'Replace an existing tar also by one that lacks damaged files'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;completions'= {
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;man'= {
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;generate'= {
            cand --color 'When to use colour [NO_COLOR turns ''auto'' off]'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Say more: what is done to each file'
            cand --verbose 'Say more: what is done to each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'pear-archive;help'= {
            cand create 'Make an archive of files and directories'
            cand extract 'Unpack an archive, or the entries that match the patterns'
            cand list 'List what an archive holds, one entry per line'
            cand cat 'Print files of an archive to standard output'
            cand verify 'Check an archive for damage'
            cand info 'Show how an archive is coded and what decoding it takes'
            cand import 'Make an archive of what a tar holds'
            cand export 'Make a tar of an archive, or of the entries that match the patterns'
            cand completions 'Print a completion script for a shell'
            cand man 'Print a manual page'
            cand generate 'Write completions/ and man/, as they are checked in'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'pear-archive;help;create'= {
        }
        &'pear-archive;help;extract'= {
        }
        &'pear-archive;help;list'= {
        }
        &'pear-archive;help;cat'= {
        }
        &'pear-archive;help;verify'= {
        }
        &'pear-archive;help;info'= {
        }
        &'pear-archive;help;import'= {
        }
        &'pear-archive;help;export'= {
        }
        &'pear-archive;help;completions'= {
        }
        &'pear-archive;help;man'= {
        }
        &'pear-archive;help;generate'= {
        }
        &'pear-archive;help;help'= {
        }
    ]
    $completions[$command]
}
