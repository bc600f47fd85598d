#!/bin/sh
# Replays a target's corpus, then runs a fixed number of inputs, the same each time: one process, one seed, no time, and
# neither addresses nor the order of a folder decide what is tried. That this holds is checked first, on some of them.
# Usage: fixed.sh TARGET RUNS BYTES SEED
set -eu
target=$1 runs=$2 bytes=$3 seed=$4 twice=1000
cd "$(dirname "$0")"
files=$(find "corpus/$target" -type f | wc -l)
if [ "$files" -eq 0 ]; then
  echo "fuzz $target: no corpus in firmware/test/fuzz/corpus/$target" >&2
  exit 1
fi
found=out/found/$target
# Two runs at once would undo each other.
exec 9>"out/$target.lock"
flock 9
mkdir -p "$found"
./seeds.sh "$target" >"out/$target.seeds"

# Runs $1 inputs into the log out/$target.$2. Leaks are looked for at the end alone: during a run libFuzzer executes an input once
# more where it suspects one, which other threads of the sanitizer decide, and so the load of the machine.
try() {
  log=out/$target.$2
  if ! "out/$target" -seed="$seed" -runs="$1" -max_len="$bytes" -len_control=10 -reload=0 -use_cmp=0 -detect_leaks=0 -timeout=120 \
    -seed_inputs="@out/$target.seeds" -print_final_stats=1 -artifact_prefix="$found/" >"$log" 2>&1; then
    grep -h -m 3 'broken:\|ERROR:\|runtime error:' "$log" || tail -n 5 "$log"
    file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "fuzz $target: FOUND, kept as firmware/test/fuzz/$file"
    echo "  replay: firmware/test/fuzz/out/$target firmware/test/fuzz/$file   (log: firmware/test/fuzz/$log)"
    echo "  keep: as firmware/test/fuzz/corpus/$target/crash-<what it shows>, with a test in firmware/test of what it shows"
    exit 1
  fi
}

# What a log says without rates and memory, and without the lines that the clock brings.
course() {
  sed -n '/pulse/d; s/^\(#.*\)exec\/s.*/\1/p' "out/$target.$1"
}

try "$twice" first
try "$twice" second
if [ "$(course first)" != "$(course second)" ]; then
  echo "fuzz $target: the same $twice inputs did not do the same twice: compare firmware/test/fuzz/out/$target.first and .second" >&2
  exit 1
fi
try "$runs" log
done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "${done:-0}" -lt "$runs" ]; then
  echo "fuzz $target: only ${done:-0} of $runs executions (log: firmware/test/fuzz/$log)" >&2
  exit 1
fi
reached=$(sed -n 's/^#.*DONE *cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 edges and \2 features reached/p' "$log")
echo "fuzz $target: $done executions, $files corpus files, $reached, nothing found"
