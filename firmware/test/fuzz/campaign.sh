#!/bin/sh
# Fuzzes a target for some minutes on all processors but one; new inputs stay in out/campaign.
# Usage: campaign.sh TARGET MINUTES
set -eu
target=$1 seconds=$(($2 * 60)) jobs=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
cd "$(dirname "$0")"
found=out/found/$target
mkdir -p "out/campaign/$target" "$found"
if ! "out/$target" -fork="$jobs" -max_total_time="$seconds" -max_len=1000 \
  -artifact_prefix="$found/" "out/campaign/$target" "corpus/$target" \
  >"out/$target.campaign.log" 2>&1; then
  grep -h -m 3 'broken:\|ERROR:\|runtime error:' "out/$target.campaign.log" || true
  echo "fuzz $target: FOUND, see firmware/test/fuzz/$found;" \
    "replay: firmware/test/fuzz/out/$target <file>"
  exit 1
fi
echo "fuzz $target: $2 minutes on $jobs processors, nothing found"
