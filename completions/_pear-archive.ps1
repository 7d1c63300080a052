
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'pear-archive' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'pear-archive'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'pear-archive' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an archive of files and directories')
            [CompletionResult]::new('c', 'c', [CompletionResultType]::ParameterValue, 'Make an archive of files and directories')
            [CompletionResult]::new('extract', 'extract', [CompletionResultType]::ParameterValue, 'Unpack an archive, or the entries that match the patterns')
            [CompletionResult]::new('x', 'x', [CompletionResultType]::ParameterValue, 'Unpack an archive, or the entries that match the patterns')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List what an archive holds, one entry per line')
            [CompletionResult]::new('l', 'l', [CompletionResultType]::ParameterValue, 'List what an archive holds, one entry per line')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List what an archive holds, one entry per line')
            [CompletionResult]::new('cat', 'cat', [CompletionResultType]::ParameterValue, 'Print files of an archive to standard output')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check an archive for damage')
            [CompletionResult]::new('t', 't', [CompletionResultType]::ParameterValue, 'Check an archive for damage')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Show how an archive is compressed, and the time and memory to decode it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Bring an archive up to what is on disk: a new generation with what changed')
            [CompletionResult]::new('u', 'u', [CompletionResultType]::ParameterValue, 'Bring an archive up to what is on disk: a new generation with what changed')
            [CompletionResult]::new('append', 'append', [CompletionResultType]::ParameterValue, 'Add files to an archive, and change nothing in it')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove entries from an archive: a new generation without them')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Rename an entry of an archive, with everything below it')
            [CompletionResult]::new('generations', 'generations', [CompletionResultType]::ParameterValue, 'List the generations of an archive: what create, update, append, delete and rename wrote')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what differs between an archive and a directory, or another archive')
            [CompletionResult]::new('repack', 'repack', [CompletionResultType]::ParameterValue, 'Make an archive of the newest generation of another, without what is dead')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Make one archive of several; what is compressed is copied')
            [CompletionResult]::new('split', 'split', [CompletionResultType]::ParameterValue, 'Make several archives of one; what is compressed is copied')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Drop earlier generations and dead data from an archive')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Make an archive from a tar')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Make a tar from an archive, or from the entries that match the patterns')
            [CompletionResult]::new('train', 'train', [CompletionResultType]::ParameterValue, 'Make a base of files that are like those to be archived later')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pear-archive;create' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--checkpoint', '--checkpoint', [CompletionResultType]::ParameterName, 'Keep what is done if the run is interrupted or killed, and go on from it')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Archive only part I of N, from 1/N to N/N')
            [CompletionResult]::new('--shard-unit', '--shard-unit', [CompletionResultType]::ParameterName, 'Compress each SIZE of data apart from all other data [default: 1/256 of it, 64M to 1G]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace ARCHIVE even if it is another kind of file')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;c' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--checkpoint', '--checkpoint', [CompletionResultType]::ParameterName, 'Keep what is done if the run is interrupted or killed, and go on from it')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Archive only part I of N, from 1/N to N/N')
            [CompletionResult]::new('--shard-unit', '--shard-unit', [CompletionResultType]::ParameterName, 'Compress each SIZE of data apart from all other data [default: 1/256 of it, 64M to 1G]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace ARCHIVE even if it is another kind of file')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;extract' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Extract into this directory; create it if missing')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Extract into this directory; create it if missing')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'What to do with existing files [default: stop before anything is written]')
            [CompletionResult]::new('--strip-components', '--strip-components', [CompletionResultType]::ParameterName, 'Drop this many leading components of each path')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--here', '--here', [CompletionResultType]::ParameterName, 'Extract into the current directory')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices')
            [CompletionResult]::new('--preserve', '--preserve', [CompletionResultType]::ParameterName, 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices')
            [CompletionResult]::new('--numeric-owner', '--numeric-owner', [CompletionResultType]::ParameterName, 'Restore owners by number, not by name')
            [CompletionResult]::new('--keep-damaged', '--keep-damaged', [CompletionResultType]::ParameterName, 'Keep damaged files as well, under names that end in ''.damaged''')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;x' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Extract into this directory; create it if missing')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Extract into this directory; create it if missing')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'What to do with existing files [default: stop before anything is written]')
            [CompletionResult]::new('--strip-components', '--strip-components', [CompletionResultType]::ParameterName, 'Drop this many leading components of each path')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--here', '--here', [CompletionResultType]::ParameterName, 'Extract into the current directory')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices')
            [CompletionResult]::new('--preserve', '--preserve', [CompletionResultType]::ParameterName, 'Restore modes and ACLs exactly, all extended attributes, and (as root) devices')
            [CompletionResult]::new('--numeric-owner', '--numeric-owner', [CompletionResultType]::ParameterName, 'Restore owners by number, not by name')
            [CompletionResult]::new('--keep-damaged', '--keep-damaged', [CompletionResultType]::ParameterName, 'Keep damaged files as well, under names that end in ''.damaged''')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;list' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;l' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;ls' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show mode, owner, size and time as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;cat' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;verify' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--quick', '--quick', [CompletionResultType]::ParameterName, 'Check stored bytes only, without decoding')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;t' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--quick', '--quick', [CompletionResultType]::ParameterName, 'Check stored bytes only, without decoding')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;info' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines: one object for the archive, then one per group')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;update' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Date of the new generation [default: now]')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Begin another volume when the only one has this size')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--mirror', '--mirror', [CompletionResultType]::ParameterName, 'Forget what is below each PATH in the archive and no longer on disk')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Compare what is in the files, not their size and time')
            [CompletionResult]::new('--no-date', '--no-date', [CompletionResultType]::ParameterName, 'Give the new generation no date')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;u' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Date of the new generation [default: now]')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Begin another volume when the only one has this size')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--mirror', '--mirror', [CompletionResultType]::ParameterName, 'Forget what is below each PATH in the archive and no longer on disk')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Compare what is in the files, not their size and time')
            [CompletionResult]::new('--no-date', '--no-date', [CompletionResultType]::ParameterName, 'Give the new generation no date')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;append' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Date of the new generation [default: now]')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Begin another volume when the only one has this size')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--skip-existing', '--skip-existing', [CompletionResultType]::ParameterName, 'Pass over names that are in the archive already')
            [CompletionResult]::new('--no-date', '--no-date', [CompletionResultType]::ParameterName, 'Give the new generation no date')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;delete' {
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Date of the new generation [default: now]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--no-date', '--no-date', [CompletionResultType]::ParameterName, 'Give the new generation no date')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;rename' {
            [CompletionResult]::new('--date', '--date', [CompletionResultType]::ParameterName, 'Date of the new generation [default: now]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--no-date', '--no-date', [CompletionResultType]::ParameterName, 'Give the new generation no date')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;generations' {
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;diff' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Generation to compare with, of OTHER or else of ARCHIVE')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--checksum', '--checksum', [CompletionResultType]::ParameterName, 'Compare what is in files of the same size, too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON Lines')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;repack' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--keep-last', '--keep-last', [CompletionResultType]::ParameterName, 'Keep so many generations, with their dates, and not only the newest')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace OUT even if it is another kind of file')
            [CompletionResult]::new('--recode', '--recode', [CompletionResultType]::ParameterName, 'Compress all files anew')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;merge' {
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--partial', '--partial', [CompletionResultType]::ParameterName, 'Merge parts of ''create --shard'' as any other archives, in the order they are given')
            [CompletionResult]::new('--rename', '--rename', [CompletionResultType]::ParameterName, 'Keep what a later archive would hide, under another name')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace OUT even if it is another kind of file')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;split' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Directory for the new archives; it is made if it is not there')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Directory for the new archives; it is made if it is not there')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Split by the directories so many levels below the top')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Split into archives of this size or less')
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;prune' {
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--keep-last', '--keep-last', [CompletionResultType]::ParameterName, 'Keep so many generations, with their dates, and not only the newest')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--recode', '--recode', [CompletionResultType]::ParameterName, 'Compress all files anew')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;import' {
            [CompletionResult]::new('--volume-size', '--volume-size', [CompletionResultType]::ParameterName, 'Cut the archive into files of this size: ARCHIVE.001, ARCHIVE.002, …')
            [CompletionResult]::new('--codec', '--codec', [CompletionResultType]::ParameterName, 'How to compress')
            [CompletionResult]::new('--level', '--level', [CompletionResultType]::ParameterName, 'Compression level, from 1 (fast) to 9 (small)')
            [CompletionResult]::new('--lanes', '--lanes', [CompletionResultType]::ParameterName, 'Lanes of pear-paper: more are faster and compress less')
            [CompletionResult]::new('--group-size', '--group-size', [CompletionResultType]::ParameterName, 'Size of the groups: what is decoded at most to read one file')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Let the model learn this file first')
            [CompletionResult]::new('--kinds', '--kinds', [CompletionResultType]::ParameterName, 'Take only files apart that need no other kinds of packing than these [default: all]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--strip-unsafe', '--strip-unsafe', [CompletionResultType]::ParameterName, 'Remove the unsafe part of absolute names and names with ''..''')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace ARCHIVE even if it is another kind of file')
            [CompletionResult]::new('--independent', '--independent', [CompletionResultType]::ParameterName, 'Compress every group by itself, without bases')
            [CompletionResult]::new('--base-outside', '--base-outside', [CompletionResultType]::ParameterName, 'Leave the base out of the archive, which can then be read only with --base')
            [CompletionResult]::new('--no-deduplication', '--no-deduplication', [CompletionResultType]::ParameterName, 'Store what comes again in large files each time')
            [CompletionResult]::new('--no-recipes', '--no-recipes', [CompletionResultType]::ParameterName, 'Store packed files as they are')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Decode and compare every group before it is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;export' {
            [CompletionResult]::new('--generation', '--generation', [CompletionResultType]::ParameterName, 'Generation to read: a number, or the newest at a date [default: the newest]')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more names from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Base that the archive was made with, if it is not in it; may be repeated')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--max-entries', '--max-entries', [CompletionResultType]::ParameterName, 'Maximum number of entries [default: 10,000,000]')
            [CompletionResult]::new('--max-name', '--max-name', [CompletionResultType]::ParameterName, 'Longest path, in bytes [default: 65,536]')
            [CompletionResult]::new('--max-depth', '--max-depth', [CompletionResultType]::ParameterName, 'Maximum number of components of a path [default: 32,768]')
            [CompletionResult]::new('--max-output', '--max-output', [CompletionResultType]::ParameterName, 'Maximum bytes to write [default: 16T]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--keep-incomplete', '--keep-incomplete', [CompletionResultType]::ParameterName, 'Replace an existing tar even if the new one lacks damaged files')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace TAR even if it is another kind of file')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Treat each PATTERN as an exact name: ''*'', ''?'', ''['' and ''{'' are ordinary characters')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Names of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;train' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Base to write; ''-'' is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Base to write; ''-'' is standard output')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'Take paths relative to this directory')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--files-from', '--files-from', [CompletionResultType]::ParameterName, 'Read more paths from a file, one per line; ''-'' is standard input')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out matching names, by the rules of .gitignore')
            [CompletionResult]::new('--exclude-from', '--exclude-from', [CompletionResultType]::ParameterName, 'Read exclude patterns from a file, one per line')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Most bytes of the base')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Groups processed in parallel [default: one per core]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory limit; runs fewer jobs in parallel to stay below it')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Paths of --files-from end with NUL instead of a newline')
            [CompletionResult]::new('--one-file-system', '--one-file-system', [CompletionResultType]::ParameterName, 'Stay on the file system of each PATH')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace BASE even if it is not empty')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [NO_COLOR turns ''auto'' off]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print more: what is done with each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'pear-archive;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an archive of files and directories')
            [CompletionResult]::new('extract', 'extract', [CompletionResultType]::ParameterValue, 'Unpack an archive, or the entries that match the patterns')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List what an archive holds, one entry per line')
            [CompletionResult]::new('cat', 'cat', [CompletionResultType]::ParameterValue, 'Print files of an archive to standard output')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check an archive for damage')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Show how an archive is compressed, and the time and memory to decode it')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Bring an archive up to what is on disk: a new generation with what changed')
            [CompletionResult]::new('append', 'append', [CompletionResultType]::ParameterValue, 'Add files to an archive, and change nothing in it')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Remove entries from an archive: a new generation without them')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Rename an entry of an archive, with everything below it')
            [CompletionResult]::new('generations', 'generations', [CompletionResultType]::ParameterValue, 'List the generations of an archive: what create, update, append, delete and rename wrote')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what differs between an archive and a directory, or another archive')
            [CompletionResult]::new('repack', 'repack', [CompletionResultType]::ParameterValue, 'Make an archive of the newest generation of another, without what is dead')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Make one archive of several; what is compressed is copied')
            [CompletionResult]::new('split', 'split', [CompletionResultType]::ParameterValue, 'Make several archives of one; what is compressed is copied')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Drop earlier generations and dead data from an archive')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Make an archive from a tar')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Make a tar from an archive, or from the entries that match the patterns')
            [CompletionResult]::new('train', 'train', [CompletionResultType]::ParameterValue, 'Make a base of files that are like those to be archived later')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'pear-archive;help;create' {
            break
        }
        'pear-archive;help;extract' {
            break
        }
        'pear-archive;help;list' {
            break
        }
        'pear-archive;help;cat' {
            break
        }
        'pear-archive;help;verify' {
            break
        }
        'pear-archive;help;info' {
            break
        }
        'pear-archive;help;update' {
            break
        }
        'pear-archive;help;append' {
            break
        }
        'pear-archive;help;delete' {
            break
        }
        'pear-archive;help;rename' {
            break
        }
        'pear-archive;help;generations' {
            break
        }
        'pear-archive;help;diff' {
            break
        }
        'pear-archive;help;repack' {
            break
        }
        'pear-archive;help;merge' {
            break
        }
        'pear-archive;help;split' {
            break
        }
        'pear-archive;help;prune' {
            break
        }
        'pear-archive;help;import' {
            break
        }
        'pear-archive;help;export' {
            break
        }
        'pear-archive;help;train' {
            break
        }
        'pear-archive;help;completions' {
            break
        }
        'pear-archive;help;man' {
            break
        }
        'pear-archive;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
