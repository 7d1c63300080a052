#!/bin/bash
# Archives a directory with many machines: submits a job array that makes the parts, and a job
# that merges them once all are made.
#
# Usage: submit.sh SOURCE OUT PARTS COUNT [create options]
#   SOURCE  directory to archive, on a file system that all nodes see
#   OUT     archive to write
#   PARTS   directory for the parts, outside of SOURCE, on the same kind of file system
#   COUNT   number of parts; several times as many as there are nodes
#
# Run it again with the same arguments if parts failed: those that are there are kept.
# SBATCH_* variables (partition, account, time limit) are heeded by sbatch as always.

set -euo pipefail

if (($# < 4)) || [[ ! $4 =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
PEAR_SOURCE=$(realpath "$1")
PEAR_OUT=$(realpath "$2")
mkdir -p "$3"
PEAR_PARTS=$(realpath "$3")
PEAR_COUNT=$4
shift 4
PEAR_OPTIONS=$*
if [[ ! -d $PEAR_SOURCE ]]; then
    echo "$PEAR_SOURCE: not a directory" >&2
    exit 2
fi
export PEAR_SOURCE PEAR_OUT PEAR_PARTS PEAR_COUNT PEAR_OPTIONS

array=$(sbatch --parsable --array="1-$PEAR_COUNT" --output="$PEAR_PARTS/part-%a.log" \
    "$here/part.sbatch")
array=${array%%;*}
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes \
    --output="$PEAR_PARTS/merge.log" "$here/merge.sbatch")
echo "parts: job $array, merge: job ${merge%%;*}; messages in $PEAR_PARTS/*.log"
