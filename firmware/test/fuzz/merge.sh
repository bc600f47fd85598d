#!/bin/sh
# Makes a target's corpus again: the fewest inputs that reach what corpus and campaigns reached.
# Usage: merge.sh TARGET
set -eu
target=$1
cd "$(dirname "$0")"
rm -rf "out/merged/$target"
mkdir -p "out/merged/$target" "out/campaign/$target" "corpus/$target"
# Counters are left out, so that an input counts for what it reaches, not for how often.
"out/$target" -set_cover_merge=1 -use_counters=0 "out/merged/$target" "corpus/$target" "out/campaign/$target" >"out/$target.merge.log" 2>&1
for file in "corpus/$target"/*; do
  # Named inputs were written by hand, or show a crash, and stay.
  case $(basename "$file") in seed-* | crash-* | '*') ;; *) rm -f "$file" ;; esac
done
cp "out/merged/$target"/* "corpus/$target/"
echo "fuzz $target: $(find "corpus/$target" -type f | wc -l) corpus files, $(cat "corpus/$target"/* | wc -c) bytes"
