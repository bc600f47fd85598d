#!/bin/sh
# Replays a target's corpus, then runs a fixed number of inputs, the same in every run: one process
# and one seed, independent of time, addresses and the order of folders. First checks that with some
# of them.
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
here=firmware/test/fuzz
# Concurrent runs would disturb each other.
exec 9>"out/$target.lock"
flock 9
mkdir -p "$found"
./seeds.sh "$target" >"out/$target.seeds"

# Runs $1 inputs into the log out/$target.$2. Detects leaks only at the end: during a run libFuzzer
# repeats an input that it suspects of a leak, which depends on the machine's load.
try() {
  log=out/$target.$2
  if ! "out/$target" -seed="$seed" -runs="$1" -max_len="$bytes" -len_control=10 -reload=0 \
    -use_cmp=0 -detect_leaks=0 -timeout=120 -print_final_stats=1 \
    -seed_inputs="@out/$target.seeds" -artifact_prefix="$found/" >"$log" 2>&1; then
    grep -h -m 3 'broken:\|ERROR:\|runtime error:' "$log" || tail -n 5 "$log"
    file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "fuzz $target: FOUND $here/$file"
    echo "  replay: $here/out/$target $here/$file   (log: $here/$log)"
    echo "  keep as $here/corpus/$target/crash-<fault>, with a test of the fault in firmware/test"
    exit 1
  fi
}

# The log without rates, memory and lines that depend on time.
course() {
  sed -n '/pulse/d; s/^\(#.*\)exec\/s.*/\1/p' "out/$target.$1"
}

try "$twice" first
try "$twice" second
if [ "$(course first)" != "$(course second)" ]; then
  echo "fuzz $target: two runs of the same $twice inputs differ:" \
    "compare $here/out/$target.first and .second" >&2
  exit 1
fi
try "$runs" log
done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ "${done:-0}" -lt "$runs" ]; then
  echo "fuzz $target: only ${done:-0} of $runs executions (log: $here/$log)" >&2
  exit 1
fi
done_line='^#.*DONE *cov: \([0-9]*\) ft: \([0-9]*\) .*'
reached=$(sed -n "s/$done_line/\1 edges and \2 features reached/p" "$log")
echo "fuzz $target: $done executions, $files corpus files, $reached, nothing found"
