# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pear_archive_global_optspecs
    string join \n q/quiet v/verbose color= h/help V/version
end

function __fish_pear_archive_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pear_archive_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pear_archive_using_subcommand
    set -l cmd (__fish_pear_archive_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pear-archive -n "__fish_pear_archive_needs_command" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_needs_command" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -s V -l version -d 'Print version'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "create" -d 'Make an archive of files and directories'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "c" -d 'Make an archive of files and directories'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "extract" -d 'Unpack an archive, or the entries that match the patterns'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "x" -d 'Unpack an archive, or the entries that match the patterns'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "list" -d 'List what an archive holds, one entry per line'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "l" -d 'List what an archive holds, one entry per line'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "ls" -d 'List what an archive holds, one entry per line'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "cat" -d 'Print files of an archive to standard output'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "verify" -d 'Check an archive for damage'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "t" -d 'Check an archive for damage'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "info" -d 'Show how an archive is compressed, and the time and memory to decode it'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "update" -d 'Bring an archive up to what is on disk: a new generation with what changed'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "u" -d 'Bring an archive up to what is on disk: a new generation with what changed'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "append" -d 'Add files to an archive, and change nothing in it'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "delete" -d 'Remove entries from an archive: a new generation without them'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "rename" -d 'Rename an entry of an archive, with everything below it'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "generations" -d 'List the generations of an archive: what create, update, append, delete and rename wrote'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "diff" -d 'Show what differs between an archive and a directory, or another archive'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "repack" -d 'Make an archive of the newest generation of another, without what is dead'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "merge" -d 'Make one archive of several; what is compressed is copied'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "split" -d 'Make several archives of one; what is compressed is copied'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "prune" -d 'Drop earlier generations and dead data from an archive'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "import" -d 'Make an archive from a tar'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "export" -d 'Make a tar from an archive, or from the entries that match the patterns'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "train" -d 'Make a base of files that are like those to be archived later'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "man" -d 'Print a manual page'
complete -c pear-archive -n "__fish_pear_archive_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l checkpoint -d 'Keep what is done if the run is interrupted or killed, and go on from it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l shard -d 'Archive only part I of N, from 1/N to N/N' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l shard-unit -d 'Compress each SIZE of data apart from all other data [default: 1/256 of it, 64M to 1G]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l force -d 'Replace ARCHIVE even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l checkpoint -d 'Keep what is done if the run is interrupted or killed, and go on from it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l shard -d 'Archive only part I of N, from 1/N to N/N' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l shard-unit -d 'Compress each SIZE of data apart from all other data [default: 1/256 of it, 64M to 1G]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l force -d 'Replace ARCHIVE even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand c" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s C -l directory -d 'Extract into this directory; create it if missing' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l overwrite -d 'What to do with existing files [default: stop before anything is written]' -r -f -a "never\t'Keep what exists, silently'
always\t'Replace it, also by a directory (named with -v)'
newer\t'Replace it if the archived file is newer'
rename\t'Extract under a new name: notes.txt.1'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l strip-components -d 'Drop this many leading components of each path' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l here -d 'Extract into the current directory'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s p -l preserve -d 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l numeric-owner -d 'Restore owners by number, not by name'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -l keep-damaged -d 'Keep damaged files as well, under names that end in \'.damaged\''
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand extract" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s C -l directory -d 'Extract into this directory; create it if missing' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l overwrite -d 'What to do with existing files [default: stop before anything is written]' -r -f -a "never\t'Keep what exists, silently'
always\t'Replace it, also by a directory (named with -v)'
newer\t'Replace it if the archived file is newer'
rename\t'Extract under a new name: notes.txt.1'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l strip-components -d 'Drop this many leading components of each path' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l here -d 'Extract into the current directory'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s p -l preserve -d 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l numeric-owner -d 'Restore owners by number, not by name'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -l keep-damaged -d 'Keep damaged files as well, under names that end in \'.damaged\''
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand x" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -s l -l long -d 'Show mode, owner, size and time as well'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -l json -d 'Print JSON Lines'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -s l -l long -d 'Show mode, owner, size and time as well'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -l json -d 'Print JSON Lines'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand l" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -s l -l long -d 'Show mode, owner, size and time as well'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -l json -d 'Print JSON Lines'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand cat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -l quick -d 'Check stored bytes only, without decoding'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -l quick -d 'Check stored bytes only, without decoding'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand t" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -l json -d 'Print JSON Lines: one object for the archive, then one per group'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand info" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l date -d 'Date of the new generation [default: now]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l volume-size -d 'Begin another volume when the only one has this size' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l mirror -d 'Forget what is below each PATH in the archive and no longer on disk'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l checksum -d 'Compare what is in the files, not their size and time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l no-date -d 'Give the new generation no date'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l date -d 'Date of the new generation [default: now]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l volume-size -d 'Begin another volume when the only one has this size' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l mirror -d 'Forget what is below each PATH in the archive and no longer on disk'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l checksum -d 'Compare what is in the files, not their size and time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l no-date -d 'Give the new generation no date'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand u" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l date -d 'Date of the new generation [default: now]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l volume-size -d 'Begin another volume when the only one has this size' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l skip-existing -d 'Pass over names that are in the archive already'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l no-date -d 'Give the new generation no date'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand append" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l date -d 'Date of the new generation [default: now]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -l no-date -d 'Give the new generation no date'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l date -d 'Date of the new generation [default: now]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -l no-date -d 'Give the new generation no date'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand rename" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -l json -d 'Print JSON Lines'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand generations" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l to -d 'Generation to compare with, of OTHER or else of ARCHIVE' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l checksum -d 'Compare what is in files of the same size, too'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -l json -d 'Print JSON Lines'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l keep-last -d 'Keep so many generations, with their dates, and not only the newest' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l force -d 'Replace OUT even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l recode -d 'Compress all files anew'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand repack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l partial -d 'Merge parts of \'create --shard\' as any other archives, in the order they are given'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l rename -d 'Keep what a later archive would hide, under another name'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l force -d 'Replace OUT even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -s o -l output -d 'Directory for the new archives; it is made if it is not there' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l depth -d 'Split by the directories so many levels below the top' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l size -d 'Split into archives of this size or less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand split" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l keep-last -d 'Keep so many generations, with their dates, and not only the newest' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l recode -d 'Compress all files anew'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l volume-size -d 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l codec -d 'How to compress' -r -f -a "auto\t'The best for each group; samples find incompressible data, which is stored as is'
store\t'No compression'
zstd\t'Zstandard: fast'
bpe\t'Byte pairs: light, with a tiny decoder'
pear\t'The learned model'
pear-paper\t'The PEAR network as published: very slow, for study'
jpeg\t'JPEG files: their Huffman codes by better ones'
image\t'Pictures that are not compressed: a model of pixels'
audio\t'Uncompressed sound: WAV, AIFF, AU, soundfonts, raw samples'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l level -d 'Compression level, from 1 (fast) to 9 (small)' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l lanes -d 'Lanes of pear-paper: more are faster and compress less' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l group-size -d 'Size of the groups: what is decoded at most to read one file' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l base -d 'Let the model learn this file first' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l kinds -d 'Take only files apart that need no other kinds of packing than these [default: all]' -r -f -a "deflate\t''
bzip2\t''
base64\t''
scanlines\t''
idat\t''"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l strip-unsafe -d 'Remove the unsafe part of absolute names and names with \'..\''
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l force -d 'Replace ARCHIVE even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l independent -d 'Compress every group by itself, without bases'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l base-outside -d 'Leave the base out of the archive, which can then be read only with --base'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l no-deduplication -d 'Store what comes again in large files each time'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l no-recipes -d 'Store packed files as they are'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -l verify -d 'Decode and compare every group before it is written'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l generation -d 'Generation to read: a number, or the newest at a date [default: the newest]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -s T -l files-from -d 'Read more names from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l base -d 'Base that the archive was made with, if it is not in it; may be repeated' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l max-entries -d 'Maximum number of entries [default: 10,000,000]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l max-name -d 'Longest path, in bytes [default: 65,536]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l max-depth -d 'Maximum number of components of a path [default: 32,768]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l max-output -d 'Maximum bytes to write [default: 16T]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l keep-incomplete -d 'Replace an existing tar even if the new one lacks damaged files'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l force -d 'Replace TAR even if it is another kind of file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l literal -d 'Treat each PATTERN as an exact name: \'*\', \'?\', \'[\' and \'{\' are ordinary characters'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -l null -d 'Names of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s o -l output -d 'Base to write; \'-\' is standard output' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s C -l directory -d 'Take paths relative to this directory' -r -f -a "(__fish_complete_directories)"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s T -l files-from -d 'Read more paths from a file, one per line; \'-\' is standard input' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l exclude -d 'Leave out matching names, by the rules of .gitignore' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l exclude-from -d 'Read exclude patterns from a file, one per line' -r -F
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l size -d 'Most bytes of the base' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s j -l jobs -d 'Groups processed in parallel [default: one per core]' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l memory -d 'Memory limit; runs fewer jobs in parallel to stay below it' -r
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l null -d 'Paths of --files-from end with NUL instead of a newline'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l one-file-system -d 'Stay on the file system of each PATH'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -l force -d 'Replace BASE even if it is not empty'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand train" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand completions" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand completions" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand man" -l color -d 'When to use colour [NO_COLOR turns \'auto\' off]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c pear-archive -n "__fish_pear_archive_using_subcommand man" -s q -l quiet -d 'Print errors only'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand man" -s v -l verbose -d 'Print more: what is done with each file'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "create" -d 'Make an archive of files and directories'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "extract" -d 'Unpack an archive, or the entries that match the patterns'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "list" -d 'List what an archive holds, one entry per line'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "cat" -d 'Print files of an archive to standard output'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "verify" -d 'Check an archive for damage'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "info" -d 'Show how an archive is compressed, and the time and memory to decode it'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "update" -d 'Bring an archive up to what is on disk: a new generation with what changed'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "append" -d 'Add files to an archive, and change nothing in it'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "delete" -d 'Remove entries from an archive: a new generation without them'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "rename" -d 'Rename an entry of an archive, with everything below it'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "generations" -d 'List the generations of an archive: what create, update, append, delete and rename wrote'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "diff" -d 'Show what differs between an archive and a directory, or another archive'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "repack" -d 'Make an archive of the newest generation of another, without what is dead'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "merge" -d 'Make one archive of several; what is compressed is copied'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "split" -d 'Make several archives of one; what is compressed is copied'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "prune" -d 'Drop earlier generations and dead data from an archive'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "import" -d 'Make an archive from a tar'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "export" -d 'Make a tar from an archive, or from the entries that match the patterns'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "train" -d 'Make a base of files that are like those to be archived later'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "man" -d 'Print a manual page'
complete -c pear-archive -n "__fish_pear_archive_using_subcommand help; and not __fish_seen_subcommand_from create extract list cat verify info update append delete rename generations diff repack merge split prune import export train completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
