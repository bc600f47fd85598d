#!/bin/sh
# run.sh HANG_S OUT QEMU...: runs the tests under QEMU; they must end like the host's, in time and without a trap.
hang_s=$1
out=$2
shift 2

# The machine traps what the ESP8266 traps, else the tests show less than they seem to.
timeout "$hang_s" "$@" -kernel "$out/trap.elf" > "$out/trap.txt" < /dev/null
status=$?
if [ $status -ne 70 ] || ! grep -q '^trap: cause 0x00000009' "$out/trap.txt"; then
  echo "lx106: an unaligned read did not trap (status $status):"
  cat "$out/trap.txt"
  exit 1
fi

timeout "$hang_s" "$@" -kernel "$out/tests.elf" > "$out/tests.txt" < /dev/null
status=$?
cat "$out/tests.txt"
here=$(tail -n 1 "$out/tests.txt")
host=$(tail -n 1 "$out/../host.txt")
if [ $status -eq 124 ]; then
  echo "lx106: no end after $hang_s s"
  exit 1
elif [ $status -ne 0 ]; then
  echo "lx106: ended with status $status"
  exit 1
elif [ "$here" != "$host" ]; then
  echo "lx106: the last line is not the host's: $host"
  exit 1
fi
