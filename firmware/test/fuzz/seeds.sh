#!/bin/sh
# The files of a target's corpus in the order of their names, as libFuzzer takes a list: folders list them in any order.
# Usage: seeds.sh TARGET
set -eu
cd "$(dirname "$0")"
find "corpus/$1" -type f | LC_ALL=C sort | paste -s -d , - | tr -d '\n'
