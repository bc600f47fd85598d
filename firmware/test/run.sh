#!/bin/sh
# run.sh NAME HANG_S TRAP_STATUS TRAP_LINE QEMU...: runs the tests of a target under QEMU, from its
# folder; they must end like the host's, in time and without a trap. TRAP_LINE is a regular
# expression for the beginning of a line.
name=$1
hang_s=$2
trap_status=$3
trap_line=$4
out=../out/$name
shift 4

# The machine must trap what the chip traps, or the tests prove less than they seem to.
timeout "$hang_s" "$@" -kernel "$out/trap.elf" > "$out/trap.txt" < /dev/null
status=$?
if [ $status -ne "$trap_status" ] || ! grep -q "^$trap_line" "$out/trap.txt"; then
  echo "$name: trap.elf did not end in its trap (status $status):"
  cat "$out/trap.txt"
  exit 1
fi

timeout "$hang_s" "$@" -kernel "$out/tests.elf" > "$out/tests.txt" < /dev/null
status=$?
cat "$out/tests.txt"
here=$(tail -n 1 "$out/tests.txt")
host=$(tail -n 1 "$out/../host.txt")
if [ $status -eq 124 ]; then
  echo "$name: still running after $hang_s s"
  exit 1
elif [ $status -ne 0 ]; then
  echo "$name: ended with status $status"
  exit 1
elif [ "$here" != "$host" ]; then
  echo "$name: the last line differs from the host's: $host"
  exit 1
fi
