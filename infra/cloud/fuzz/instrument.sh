#!/bin/sh
# A rustc for the members of this workspace alone (RUSTC_WORKSPACE_WRAPPER): with coverage for
# libFuzzer, optimised enough to be quick, with every check on. Libraries are built as usual, so a
# fuzzing build shares them with all others.
set -eu
exec "$@" -C opt-level=1 -C debug-assertions=on -C overflow-checks=on -C passes=sancov-module \
  -C llvm-args=-sanitizer-coverage-level=4 -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
  -C llvm-args=-sanitizer-coverage-pc-table -C llvm-args=-sanitizer-coverage-trace-compares
