#!/usr/bin/env bash
# What trainings survive: kill -9 at random moments, full and read-only disks, clocks that jump, damaged checkpoints, signals of
# schedulers, two runs in one folder. After each fault the run goes on with --resume auto, and its last and best checkpoints have to be
# those of an undisturbed run, byte for byte.
#
#   tools/faults.sh N [CFRUN]        N kills, and N damaged checkpoints of each kind; CFRUN: the program (default: the newest build's)
#
# Prints a table and exits with 1 where anything failed. Works in a folder of its own under TMPDIR; CF_FAULTS_SEED repeats a campaign's
# random numbers. The disk that is full is a small tmpfs (needs root) or else a limit on the size of files; a read-only folder is tried
# as another user where this one is root (setpriv of util-linux); clocks jump by Debian's faketime. What cannot be tried says so.
set -euo pipefail

kills=${1:?usage: tools/faults.sh N [CFRUN]}
root=$(cd "$(dirname "$0")/.." && pwd)
cfrun=${2:-$(ls -t "$root"/build/*/cfrun 2>/dev/null | head -1)}
[ -x "$cfrun" ] || { echo "faults: no cfrun; build it, or name it: tools/faults.sh N CFRUN" >&2; exit 2; }
cfrun=$(realpath "$cfrun")
RANDOM=${CF_FAULTS_SEED:-$$}
seed=${CF_FAULTS_SEED:-$$}
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

work=$(mktemp -d "${TMPDIR:-/tmp}/cf_faults.XXXXXX")
chmod 755 "$work"
disk=$work/disk
clean() {
  local job
  for job in $(jobs -p); do kill -9 "$job" 2>/dev/null || true; done
  mountpoint -q "$disk" && umount "$disk"
  rm -rf "$work"
}
trap clean EXIT
cd "$work"

# --- the training ---
# Steps of some ten milliseconds, a checkpoint of 0.9 MB after every second one, so that many kills meet a save.
steps=60
"$cfrun" synth data --sensor qb --size 128 >synth.log 2>&1 || { cat synth.log >&2; exit 1; }
cat >config.json <<JSON
{ "name": "faults",
  "model": { "name": "cf2n", "cf2n": { "channels": 16, "stages": 1 } },
  "data": { "dir": "$work/data", "sensor": "qb", "train": "train_qb.h5", "valid": "valid_qb.h5", "flips": true, "turns": true },
  "optimizer": { "name": "adam", "lr": 1e-3, "ema": 0.99, "clip_norm": 1 },
  "schedule": { "name": "cosine", "steps": $steps },
  "train": { "batch": 1, "seed": 1, "threads": 1, "validate_steps": 10 },
  "checkpoint": { "steps": 2, "keep": 3, "seconds": 0 } }
JSON
train() { "$cfrun" train "$work/config.json" --device cpu "$@"; }

# --- the table ---
rows=()
failures=0
row() { # NAME TRIED RESULT [REMARK]: RESULT is ok, FAILED or skipped
  rows+=("$(printf '%-40s %7s  %-8s %s' "$1" "$2" "$3" "${4:-}")")
  echo "${rows[-1]}"
  [ "$3" = FAILED ] && failures=$((failures + 1))
  return 0
}
verdict() { if [ "$1" -eq 0 ]; then echo ok; else echo FAILED; fi; }
complain() { echo "faults: $*" >&2; }

# same FOLDER: last and best checkpoint are those of the undisturbed run, every step stands in the log once, nothing is left over.
same() {
  local file wrong=0
  for file in last.cfk best.cfk; do
    cmp -s "whole/$file" "$1/$file" || { complain "$1/$file differs"; "$cfrun" diff "whole/$file" "$1/$file" >&2 || true; wrong=1; }
  done
  if ! cmp -s <(logged whole) <(logged "$1"); then complain "$1/log.jsonl differs"; wrong=1; fi
  if compgen -G "$1/*.tmp*" >/dev/null || [ -e "$1/lock" ]; then complain "$1: something is left over"; wrong=1; fi
  return $wrong
}
# What does not depend on the clock.
logged() { sed -E 's/,"seconds":[^,}]*//; s/,"live_bytes":[^,}]*//' "$1/log.jsonl"; }

# Trains from beginning to end and notes how long that takes on this machine now.
measure() { # FOLDER
  local begun
  begun=$(date +%s%N)
  train --out "$1" >"$1.log" 2>&1 || { cat "$1.log" >&2; exit 1; }
  whole_ms=$((($(date +%s%N) - begun) / 1000000))
}
measure whole
echo "undisturbed: $steps steps in $whole_ms ms, checkpoints of $(stat -c %s whole/last.cfk) bytes; seed $seed"

pause_ms() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }
# start NAME ARGUMENTS...: a training in the background, its process in $pid, its words in NAME.log.
start() {
  local name=$1
  shift
  "$cfrun" train "$work/config.json" --device cpu "$@" >>"$name.log" 2>&1 &
  pid=$!
}
await() { # FILE: until it stands there
  for _ in $(seq 2000); do
    [ -e "$1" ] && return 0
    sleep 0.01
  done
  complain "$1 does not come"
  return 1
}

# --- kill -9 ---
killed=0 saving=0 early=0 trainings=0 attempts=0 bad=0
folder=""
while [ "$killed" -lt "$kills" ]; do
  if [ -z "$folder" ]; then
    trainings=$((trainings + 1))
    folder=killed$trainings
  fi
  # Other work may come and go beside a long campaign; moments are chosen from the time that a training takes meanwhile.
  if [ $((++attempts % 20)) -eq 0 ]; then
    measure again
    same again || bad=$((bad + 1))
    rm -rf again
  fi
  start "$folder" --out "$folder" --resume auto
  pause_ms $(((RANDOM * 32768 + RANDOM) % (whole_ms + whole_ms / 4)))
  if kill -9 "$pid" 2>/dev/null; then
    wait "$pid" 2>/dev/null && code=0 || code=$?
  else
    wait "$pid" && code=0 || code=$?
  fi
  if [ "$code" -eq 137 ]; then
    killed=$((killed + 1))
    if [ $((killed % 10)) -eq 0 ]; then echo "killed $killed of $kills, $saving during a save"; fi
    if compgen -G "$folder/*.cfk.tmp*" >/dev/null; then saving=$((saving + 1)); fi
    if [ ! -e "$folder/last.cfk" ]; then early=$((early + 1)); fi
    continue
  fi
  [ "$code" -eq 0 ] || { complain "$folder ended with $code: $(tail -1 "$folder.log")"; bad=$((bad + 1)); }
  same "$folder" || bad=$((bad + 1))
  rm -rf "$folder"
  folder=""
done
if [ -n "$folder" ]; then
  train --out "$folder" --resume auto >>"$folder.log" 2>&1 || { complain "$folder: $(tail -1 "$folder.log")"; bad=$((bad + 1)); }
  same "$folder" || bad=$((bad + 1))
  rm -rf "$folder"
fi
row "kill -9 at a random moment" "$killed" "$(verdict $bad)" \
  "in $trainings trainings; $saving kills during a save, $early before the first checkpoint"

# --- signals ---
for signal in TERM USR1 INT; do
  bad=0
  start "sig$signal" --out "sig$signal" --resume auto
  await "sig$signal/last.cfk" || bad=1
  kill "-$signal" "$pid"
  wait "$pid" && code=0 || code=$?
  [ "$code" -eq $((128 + $(kill -l "$signal"))) ] || { complain "SIG$signal: exit code $code"; bad=1; }
  before=$("$cfrun" info "sig$signal/last.cfk" | sed -n 's/^ *step: //p')
  logged=$(grep -c '"loss"' "sig$signal/log.jsonl")
  [ "$before" = "$logged" ] || { complain "SIG$signal: $logged steps in the log, $before saved"; bad=1; }
  train --out "sig$signal" --resume auto >>"sig$signal.log" 2>&1 || bad=1
  same "sig$signal" || bad=1
  row "SIG$signal: saves, ends, goes on" 1 "$(verdict $bad)" "stopped at step $before of $steps, exit code $code"
done

# --- full disk ---
# A folder that holds the newest checkpoint of before and nothing unfinished.
check_stopped() { # FOLDER CODE LOG WORDS
  local wrong=0
  [ "$2" -eq 2 ] || { complain "$1: exit code $2"; wrong=1; }
  grep -q "$4" "$3" || { complain "$1: no word of it: $(tail -1 "$3")"; wrong=1; }
  "$cfrun" diff "$1/last.cfk" "$1/last.cfk" >/dev/null || { complain "$1: last.cfk is damaged"; wrong=1; }
  if compgen -G "$1/*.tmp*" >/dev/null; then complain "$1: something is left over"; wrong=1; fi
  return $wrong
}
mkdir -p "$disk"
bad=0
if mount -t tmpfs -o size=16m tmpfs "$disk" 2>/dev/null; then
  start full --out "$disk/run" --resume auto
  await "$disk/run/last.cfk" || bad=1
  dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null || true
  wait "$pid" && code=0 || code=$?
  check_stopped "$disk/run" "$code" full.log "No space left" || bad=1
  rm "$disk/filler"
  train --out "$disk/run" --resume auto >>full.log 2>&1 || bad=1
  same "$disk/run" || bad=1
  umount "$disk"
  row "full disk at a save" 1 "$(verdict $bad)" "tmpfs of 16 MB; went on when there was room"
else
  cp -r whole limited
  rm -f limited/last.cfk limited/best.cfk limited/log.jsonl
  cp "$(ls limited/step-*.cfk | head -1)" limited/last.cfk
  # An ignored SIGXFSZ makes writes fail as they do on a full disk.
  (trap '' XFSZ; ulimit -f 512; train --out limited --resume auto) >full.log 2>&1 && code=0 || code=$?
  check_stopped limited "$code" full.log "too large" || bad=1
  row "full disk at a save" 1 "$(verdict $bad)" "as a limit on the size of files: no tmpfs can be mounted here"
fi

# --- read-only folder ---
as_other=()
if [ "$(id -u)" -eq 0 ]; then as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
if [ ${#as_other[@]} -eq 0 ] || "${as_other[@]}" test -x "$cfrun" -a -r "$work/config.json" 2>/dev/null; then
  bad=0
  mkdir locked
  [ ${#as_other[@]} -eq 0 ] || chown 65534:65534 locked
  "${as_other[@]}" "$cfrun" train "$work/config.json" --device cpu --out locked --resume auto >locked.log 2>&1 &
  pid=$!
  await locked/last.cfk || bad=1
  chmod 555 locked
  wait "$pid" && code=0 || code=$?
  check_stopped locked "$code" locked.log "Permission denied" || bad=1
  chmod 755 locked
  "${as_other[@]}" "$cfrun" train "$work/config.json" --device cpu --out locked --resume auto >>locked.log 2>&1 || bad=1
  same locked || bad=1
  row "folder made read-only at a save" 1 "$(verdict $bad)" "went on when it could be written again"
else
  row "folder made read-only at a save" 0 skipped "no user who could not write there"
fi

# --- clock ---
library=$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | head -1)
if [ -n "$library" ]; then
  bad=0
  echo "+0" >clock
  sed 's/"seconds": 0/"seconds": 3600/; s/"steps": 2,/"steps": 0, "every": 0,/; s/"validate_steps": 10/"validate_every": 0/' config.json >clock.json
  train_clock() {
    LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$work/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
      "$cfrun" train "$1" --device cpu "${@:2}"
  }
  train_clock config.json --out jumps --resume auto >jumps.log 2>&1 &
  pid=$!
  await jumps/last.cfk || bad=1
  for jump in +400d -400d +0 +3h -3h; do
    echo "$jump" >clock
    sleep 0.1
  done
  wait "$pid" || { complain "jumps: $(tail -1 jumps.log)"; bad=1; }
  same jumps || bad=1
  # Saves that are due by time go by the monotonic clock: a jump of a year brings none forward.
  echo "+0" >clock
  train_clock clock.json --out timed >timed.log 2>&1 &
  pid=$!
  await timed/log.jsonl || bad=1
  echo "+400d" >clock
  sleep 0.3
  if [ -e timed/last.cfk ] && kill -0 "$pid" 2>/dev/null; then
    complain "timed: the jump made it save"
    bad=1
  fi
  wait "$pid" || bad=1
  row "clock jumps, forth and back" 6 "$(verdict $bad)" "by 400 days and 3 hours; seconds count on the monotonic clock"
else
  row "clock jumps, forth and back" 0 skipped "needs Debian's faketime"
fi

# --- damaged checkpoints ---
size=$(stat -c %s whole/last.cfk)
place() { echo $(((RANDOM * 32768 + RANDOM) % $1)); }
refused() { # FILE: an error that names it, and exit code 2
  "$cfrun" diff "$1" whole/last.cfk >damaged.log 2>&1 && code=0 || code=$?
  [ "$code" -eq 2 ] && grep -q "$1" damaged.log && return 0
  complain "$1 ($2): exit code $code: $(tail -1 damaged.log)"
  return 1
}
bad=0
for _ in $(seq "$kills"); do
  at=$(place "$size")
  head -c "$at" whole/last.cfk >truncated.cfk
  refused truncated.cfk "at byte $at" || bad=1
done
row "truncated checkpoint refused" "$kills" "$(verdict $bad)"
flip() { # FILE BYTE BIT
  local old
  old=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((old ^ (1 << $3))))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
bad=0
header=$(od -An -tu8 -j 16 -N 8 whole/last.cfk)
for i in $(seq "$kills"); do
  # A tenth of them where they hurt most: the first bytes, the header, and the padding behind it.
  at=$(place "$size")
  [ $((i % 10)) -eq 0 ] && at=$(place $((header + 96)))
  bit=$((RANDOM % 8))
  cp whole/last.cfk flipped.cfk
  flip flipped.cfk "$at" "$bit"
  refused flipped.cfk "bit $bit of byte $at" || bad=1
done
row "checkpoint with a bit flipped refused" "$kills" "$(verdict $bad)" "padding included"

bad=0
for damage in truncated flipped; do
  start "fall$damage" --out "fall$damage" --resume auto
  await "fall$damage/step-000020.cfk" || bad=1
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  if [ "$damage" = truncated ]; then
    truncate -s -1 "fall$damage/last.cfk"
  else
    flip "fall$damage/last.cfk" $((size / 2)) 3
  fi
  train --out "fall$damage" --resume >plain.log 2>&1 && code=0 || code=$?
  [ "$code" -eq 2 ] && grep -q "last.cfk" plain.log || { complain "--resume took the damaged last.cfk"; bad=1; }
  train --out "fall$damage" --resume auto >"fall$damage.log" 2>&1 || { complain "$(tail -1 "fall$damage.log")"; bad=1; }
  grep -q "passed over: fall$damage/last.cfk" "fall$damage.log" || { complain "nothing said of the damaged last.cfk"; bad=1; }
  grep -q "goes on from fall$damage/" "fall$damage.log" || { complain "not said where the run goes on"; bad=1; }
  same "fall$damage" || bad=1
done
row "damaged last.cfk: an older one, said so" 2 "$(verdict $bad)"

# --- two runs in one folder ---
bad=0
start first --out first --resume auto
await first/last.cfk || bad=1
kill -STOP "$pid"
for way in "" --resume "--resume auto"; do
  # shellcheck disable=SC2086
  train --out first $way >second.log 2>&1 && code=0 || code=$?
  [ "$code" -eq 2 ] || { complain "second run $way: exit code $code"; bad=1; }
  grep -q "process $pid on" second.log || { complain "second run $way: $(tail -1 second.log)"; bad=1; }
done
kill -CONT "$pid"
wait "$pid" || bad=1
same first || bad=1
row "second run in the folder refused" 3 "$(verdict $bad)" "names process and host; the first is not disturbed"
bad=0
start stale --out stale --resume auto
await stale/last.cfk || bad=1
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
[ -e stale/lock ] || { complain "stale: no lock to be stale"; bad=1; }
train --out stale --resume auto >>stale.log 2>&1 || { complain "stale: $(tail -1 stale.log)"; bad=1; }
same stale || bad=1
row "lock of a killed run blocks nobody" 1 "$(verdict $bad)"

echo
echo "faults: $([ $failures -eq 0 ] && echo "all passed" || echo "$failures FAILED"), $(date -u +%F), $(nproc --all) cores"
printf '%-40s %7s  %-8s %s\n' fault times result remark
printf '%s\n' "${rows[@]}"
exit $((failures > 0))
