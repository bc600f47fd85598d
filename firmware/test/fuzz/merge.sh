#!/bin/sh
# Minimises a target's corpus: the fewest inputs with the coverage of corpus and campaigns.
# Usage: merge.sh TARGET
set -eu
target=$1
cd "$(dirname "$0")"
rm -rf "out/merged/$target"
mkdir -p "out/merged/$target" "out/campaign/$target" "corpus/$target"
# Without counters, an input counts for what it reaches, not for how often.
"out/$target" -set_cover_merge=1 -use_counters=0 "out/merged/$target" "corpus/$target" \
  "out/campaign/$target" >"out/$target.merge.log" 2>&1
for file in "corpus/$target"/*; do
  # Named inputs, written by hand or of a crash, stay.
  case $(basename "$file") in seed-* | crash-* | '*') ;; *) rm -f "$file" ;; esac
done
cp "out/merged/$target"/* "corpus/$target/"
files=$(find "corpus/$target" -type f | wc -l)
echo "fuzz $target: $files corpus files, $(cat "corpus/$target"/* | wc -c) bytes"
