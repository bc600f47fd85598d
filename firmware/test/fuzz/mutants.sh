#!/bin/sh
# Weakens the core in one place at a time and requires that the fuzzers notice: a fuzzer that cannot
# fail proves nothing.
# Usage: CLANG=… FLAGS=… COVERAGE=… JOBS=… mutants.sh   (the targets have been built)
set -eu
cd "$(dirname "$0")"

# name | target | file | executions | perl substitution, here or on the next line, over the file
table() {
  cat <<'TABLE'
an equal version moves again|device|lock|60000|s/    return OUTCOME_REPEATED;\n//
the latch before the journal|device|lock|60000|
  s/(  if \(write_journal.*CORE_OK)/  move_latch(lock, LATCH_UNLOCKED, SOURCE_REMOTE, now);\n$1/
an older version acts|device|lock|60000|
  s/command->version < lock->floor_version/command->version + 1 < lock->floor_version/
an expired unlock acts|device|lock|130000|
  s/now->latest_ms > expires_ms/now->earliest_ms > expires_ms/
an unlock acts from the future|device|lock|60000|
  s/ \|\| now->latest_ms \+ tolerance_ms < issued_ms//
an implausible version is taken|device|lock|60000|
  s/ \+ LOCK_VERSION_AHEAD_MS/ + 2 * LOCK_VERSION_AHEAD_MS/
an unlock acts after the journal was lost|device|lock|60000|
  s/lock->journal.lost && !is_new\) \{/0) {/
a lost journal is forgotten by the next power-on|device|journal|60000|
  s/ \|\| journal->entry.after_loss//
a lost journal is forgotten by any lock|device|journal|60000|
  s/if \(!entry->after_loss\) journal->lost = false;/journal->lost = false;/
power-on is dated too early|device|lock|60000|
  s/now->latest_ms \+ clock_drift_ms\(now->uptime_ms\)/now->earliest_ms/
a blank journal is trusted|device|journal|60000|
  s/journal->trusted = status == CORE_OK/journal->trusted = 1/
the newest record is overwritten|device|slot|60000|s/1u - store->newest/store->newest/
an unreadable record returns|device|slot|60000|
  s/ \|\|\n      \(store->generation == 0 &&\n[^{]*\{/) {/
a record is not read back|device|slot|60000|
  s/ \|\|\n *flash->read\(.*back, total\) != CORE_OK \|\|\n.*!= 0//
a relock does not wait for the door|device|lock|60000|s/if \(lock->door == DOOR_OPEN\) return 0;//
a relock does not wait for the door to settle|device|lock|60000|
  s/return due_ms > settled_ms \? due_ms : settled_ms;/return due_ms;/
an exit stays open|device|lock|60000|s/if \(relock_delay_ms\(lock\) == 0\) return false;//
a sample never expires|device|clock|60000|s/ \|\| since_ms > CLOCK_SAMPLE_MS_MAX//
the time to the server is not counted|device|clock|60000|s/age_ms \+= clock->took_ms;//
uptime never runs slow|device|clock|60000|s/1000 \+ age_ms \+ drift_ms\(age_ms\)/1000 + age_ms/
uptime never runs fast|device|clock|60000|s/\(age_ms - drift_ms\(age_ms\)\)/age_ms/
the last sample is kept|device|clock|60000|s/!moment_has_time\(&before\) \|\|\n[^{]*\{/1) {/
an answer may take any time|report|clock|20000|s/ \|\| took_ms > CLOCK_ANSWER_MS_MAX//
any update's answer gives the time|device|reporter|60000|
  s/ +answer->number != reporter->number \|\|\n( +answer->boot_count)/$1/
another boot's answer gives the time|device|reporter|60000|
  s/(answer->number != reporter->number) \|\|\n *answer->boot_count != reporter->boot_count/$1/
a refusal gives the time|report|reporter|20000|
  s/answer->topic != SHADOW_UPDATE_ACCEPTED \|\| answer->number == 0/answer->number == 0/
a duplicate key is accepted|command|command|100000|s/\(seen & \(1u << member\)\) != 0/0/
trailing bytes are accepted|command|scan|100000|s/scan->at == scan->end \? 0 : CORE_ESYNTAX/0/
2^53 is accepted|command|scan|200000|s/number >= SCAN_INTEGER_LIMIT/number > SCAN_INTEGER_LIMIT/
a surrogate as UTF-8 is accepted|scan|scan|100000|s/ \|\| code >> 11 == 0x1b//
a third tap is a press|press|press|100000|
  s/(phase = PRESS_)SETTLING(;\n *return PRESS_DOUBLE;)/${1}IDLE$2/
a hold continues over missed edges|press|press|100000|
  s/(== PRESS_FIRST_DOWN\)) classifier->since_ms = uptime_ms;/$1 (void) uptime_ms;/
a long press needs no reading|press|press|100000|s/is_reading && is_down, uptime_ms/1, uptime_ms/
a lost edge is never detected|press|contact|100000|
  s/contact_take_edge\(contact, is_closed\);\n\}\s*\z/false;\n}\n/
refusals are reported at once|device|reporter|60000|
  s/reporter->mention && now_ms >= reporter->mention_ms/reporter->mention/
the last refusal is not reported|device|reporter|60000|
  s/reporter->mention = true;/reporter->mention = false;/
a hanging attempt never ends|link|link|50000|s/settings->attempt_ms/0/
a reboot ignores the latch|link|link|50000|s/if \(view->may_reboot &&/if (1 \&\&/
every movement of the door is reported|device|reporter|60000|
  s/reporter->door && now_ms >= reporter->door_ms/reporter->door/
any token settles a report|report|reporter|20000|s/is_own && answer->number == reporter->number/1/
an older update's token settles a report|device|reporter|60000|
  s/is_own && answer->number == reporter->number/is_own/
a foreign write is not overwritten|device|reporter|60000|
  s/return is_own \? VERDICT_NONE : note_foreign\(reporter, now\);/return VERDICT_NONE;/
foreign writes are overwritten without a pause|device|reporter|60000|
  s/: \*delay_ms \* 2;/: *delay_ms;/
the delay never resets|device|reporter|60000|
  s/ \|\| now_ms - reporter->foreign_ms >= REPORTER_QUIET_MS//
a change of `desired` causes a report|device|reporter|60000|
  s/  if \(!answer->changes_reported\) return VERDICT_NONE;\n//
an overwritten report settles|device|reporter|60000|
  s/  if \(!is_newest\) return note_foreign\(reporter, now\);\n//
a deletion is ignored|device|reporter|60000|
  s/      reporter->version = 0;\n      return note_foreign\(reporter, now\);/      break;/
another's refusal counts|device|reporter|60000|
  s/if \(!is_own \|\| answer->number != reporter->number\) return VERDICT_NONE;//
a truncated answer counts|report|shadow|20000|s/if \(more == 0\)/if (1)/
a cleared state is not a change|report|shadow|20000|
  s/if \(state->kind != SCAN_OBJECT\) return true;/if (state->kind != SCAN_OBJECT) return false;/
all updates have the same number|device|reporter|60000|
  s/return \+\+reporter->number;/return reporter->number + 1;/
attempts without a pause|link|link|50000|s/ \|\| now_ms < link->next_ms//
a file with trailing text is accepted|layer|layer|50000|
  s/  if \(more != 0\) return LAYER_SYNTAX;\n//
a number as text is accepted|layer|layer|50000|s/value->kind == SCAN_STRING &&\n         //
a sign is ignored|layer|layer|50000|s/is_negative == \(expected < 0\) &&\n         //
only the last setting counts|layer|layer|50000|
  s/if \(check->ignored == NULL\) check->ignored = key;/check->ignored = key;/
a section of any type is accepted|layer|layer|50000|
  s/    ignore\(check, sibling\);\n    return;/    return;/
TABLE
}

try() {
  number=$1 name=$2 target=$3 file=$4 runs=$5 change=$6
  dir=out/mutants/$number
  mkdir -p "$dir"
  perl -0pe "$change" "../../core/$file.c" >"$dir/$file.c"
  if cmp -s "../../core/$file.c" "$dir/$file.c"; then
    echo "mutant '$name': no match in core/$file.c; its row in mutants.sh is stale" >&2
    return 1
  fi
  # shellcheck disable=SC2086
  $CLANG $FLAGS -Wno-unused -Wno-error $COVERAGE -c -o "$dir/core_$file.o" "$dir/$file.c" \
    2>"$dir/log" || {
    echo "mutant '$name' does not compile: firmware/test/fuzz/$dir/log" >&2
    return 1
  }
  objects=$(ls out/core_*.o | grep -v "out/core_$file.o")
  # shellcheck disable=SC2086
  $CLANG $FLAGS -fsanitize=fuzzer -o "$dir/$target" "out/${target}_fuzz.o" out/json_tree.o \
    out/world.o out/judge.o out/courier.o "$dir/core_$file.o" $objects
  ./seeds.sh "$target" >"$dir/seeds"
  # The same inputs each time, as in fixed.sh.
  if "$dir/$target" -seed=1 -runs="$runs" -max_len=520 -reload=0 -use_cmp=0 \
    -seed_inputs="@$dir/seeds" -artifact_prefix="$dir/" >"$dir/log" 2>&1 </dev/null; then
    echo "mutant '$name': NOT FOUND by $target within $runs executions" >&2
    return 1
  fi
  if ! grep -q '^broken: ' "$dir/log"; then
    echo "mutant '$name': the run failed, but not by a rule: firmware/test/fuzz/$dir/log" >&2
    return 1
  fi
  rule=$(sed -n 's/^broken: \(.*\) (.*:.*/\1/p' "$dir/log" | head -n 1)
  echo "mutant '$name': found by $target: $rule" >"$dir/found"
}

# Concurrent runs would disturb each other.
exec 9>out/mutants.lock
flock 9
rm -rf out/mutants
mkdir -p out/mutants
number=0
table | sed '/|$/{N;s/\n *//;}' >out/mutants/table
while IFS='|' read -r name target file runs change; do
  number=$((number + 1))
  (try "$number" "$name" "$target" "$file" "$runs" "$change" ||
    echo "$name" >>out/mutants/missed) &
  if [ $((number % JOBS)) -eq 0 ]; then wait; fi
done <out/mutants/table
wait
cat out/mutants/*/found 2>/dev/null || true
if [ -e out/mutants/missed ]; then
  echo "fuzz mutants: $(wc -l <out/mutants/missed) of $number not found"
  exit 1
fi
echo "fuzz mutants: $number weakened cores, all found"
