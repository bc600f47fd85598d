#!/bin/sh
# Lists a target's corpus for libFuzzer, sorted by name: folders have no fixed order.
# Usage: seeds.sh TARGET
set -eu
cd "$(dirname "$0")"
find "corpus/$1" -type f | LC_ALL=C sort | paste -s -d , - | tr -d '\n'
