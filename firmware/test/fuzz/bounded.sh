#!/bin/sh
# Replays a target's corpus, then fuzzes for a fixed number of executions from a fixed seed.
# Usage: bounded.sh TARGET RUNS BYTES SEED
set -eu
target=$1 runs=$2 bytes=$3 seed=$4
cd "$(dirname "$0")"
files=$(find "corpus/$target" -type f | wc -l)
if [ "$files" -eq 0 ]; then
  echo "fuzz $target: no corpus in firmware/test/fuzz/corpus/$target" >&2
  exit 1
fi
found=out/found/$target log=out/$target.log
# Two runs at once would undo each other.
exec 9>"out/$target.lock"
flock 9
rm -rf "out/grown/$target"
mkdir -p "out/grown/$target" "$found"
if ! "out/$target" -seed="$seed" -runs="$runs" -max_len="$bytes" -len_control=10 -print_final_stats=1 \
  -artifact_prefix="$found/" "out/grown/$target" "corpus/$target" >"$log" 2>&1; then
  grep -h -m 3 'broken:\|ERROR:\|runtime error:' "$log" || tail -n 5 "$log"
  file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo "fuzz $target: FOUND, kept as firmware/test/fuzz/$file"
  echo "  replay: firmware/test/fuzz/out/$target firmware/test/fuzz/$file   (log: firmware/test/fuzz/$log)"
  exit 1
fi
done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "${done:-0}" -lt "$runs" ]; then
  echo "fuzz $target: only ${done:-0} of $runs executions (log: firmware/test/fuzz/$log)" >&2
  exit 1
fi
remark=$(sed -n 's/^known gap/, known gap/p' "$log")
echo "fuzz $target: $done executions, $files corpus files, nothing found$remark"
