#!/usr/bin/env bash
# Makes a tree of about 30 MB of mixed real files from what a Debian system with
# Rust has installed: machine code, man pages, sources, documents, data, and
# some that are compressed already. Usage: benches/make_tree.sh DIRECTORY
set -euo pipefail
export LC_ALL=C
out=$1
mkdir -p "$out"/{bin,man,src/c,src/perl,src/rust,doc,data,packed}

# take FILES-FROM-STDIN into DIRECTORY up to BYTES
take() {
  local directory=$1 budget=$2 file size
  while read -r file; do
    size=$(stat -Lc %s "$file") || continue
    (( size <= budget )) || continue
    budget=$((budget - size))
    cp -L --no-preserve=ownership "$file" "$directory/$(echo "$file" | tr / _ | tail -c 100)"
  done
}

for program in bash git perl vim.basic ssh x86_64-linux-gnu-ld.bfd; do
  [ -e /usr/bin/$program ] && echo /usr/bin/$program
done | take "$out/bin" 12000000
for page in /usr/share/man/man1/[a-m]*.gz /usr/share/man/man8/*.gz; do
  gzip -dc "$page" > "$out/man/$(basename "$page" .gz)" 2>/dev/null || true
  (( $(du -sb "$out/man" | cut -f1) < 4500000 )) || break
done
find /usr/include -name '*.h' -type f | sort | take "$out/src/c" 4000000
find /usr/share/perl -name '*.p[lm]' -type f | sort | take "$out/src/perl" 3000000
find "$(rustc --print sysroot)/share/doc" -name '*.html' -type f 2>/dev/null | sort | take "$out/doc" 3000000
find /usr/share/doc -name 'copyright' -type f | sort | take "$out/doc" 1000000
find /usr/share/i18n /usr/share/zoneinfo /usr/share/mime -type f -size +2k | sort | take "$out/data" 2000000
find /usr/share/doc /usr/share/man/de -name '*.gz' -type f | sort | take "$out/packed" 1500000
du -sb "$out"
