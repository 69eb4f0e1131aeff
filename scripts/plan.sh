# The rows of a night's plan and the files of its results, for scripts/nightly and scripts/nightly-task; source it.
# shellcheck shell=bash

# row_names PLAN: one a line, in the plan's order.
row_names() { awk 'NF && $1 !~ /^#/ { print $1 }' "$1"; }

# row_words PLAN ROW: what stands after its name, one word a line.
row_words() { awk -v row="$2" 'NF && $1 == row { for (i = 2; i <= NF; i++) print $i; exit }' "$1"; }

# check_plan PLAN: says what is wrong with it.
check_plan() {
  awk -v plan="$1" '
    !NF || $1 ~ /^#/ { next }
    $1 !~ /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/ { print plan ":" NR ": not a name for a row: " $1; wrong = 1 }
    NF < 2 { print plan ":" NR ": " $1 " has neither arguments of record-vm nor @check" ; wrong = 1 }
    NF > 1 && $2 != "@check" && $2 !~ /^--/ { print plan ":" NR ": " $1 " begins with neither an option nor @check"; wrong = 1 }
    $2 == "@check" && NF != 3 { print plan ":" NR ": @check takes one recording"; wrong = 1 }
    seen[$1]++ { print plan ":" NR ": " $1 " is there twice"; wrong = 1 }
    { rows++ }
    END { if (!rows) { print plan ": no row"; wrong = 1 } exit wrong }' "$1" >&2
}

# recording_of PLAN NIGHT_DIR ROW: where its recording is, or is to be.
recording_of() {
  local -a words
  mapfile -t words < <(row_words "$1" "$3")
  if [[ ${words[0]} == @check ]]; then
    printf '%s\n' "${words[1]}"
  else
    printf '%s\n' "$2/recordings/$3/trace.dat"
  fi
}

# result_of NIGHT_DIR ROW RECORDING: the file that its result is in, or is to be in.
result_of() {
  local sum
  sum=$(xxhsum -q -H64 <"$3" | cut -d' ' -f1)
  [[ $sum =~ ^[0-9a-f]{16}$ ]] || return 1
  printf '%s\n' "$1/results/$2.$sum.$version.json"
}

# comparison_of NIGHT_DIR RESULT: the file that how many objects there were is in, or is to be in.
comparison_of() { printf '%s\n' "$1/comparisons/${2##*/}"; }

# find_rmapcheck: sets rmapcheck to the program, and version to what names results.
find_rmapcheck() {
  local root=${BASH_SOURCE[0]%/*}/..
  rmapcheck=${RMAPCHECK:-}
  if [[ ! $rmapcheck && -x $root/.build/release/rmapcheck ]]; then rmapcheck=$root/.build/release/rmapcheck; fi
  rmapcheck=${rmapcheck:-$(type -P rmapcheck || true)}
  [[ $rmapcheck ]] || fail "no rmapcheck: build it with scripts/run, install its package, or name it in RMAPCHECK"
  rmapcheck=$(realpath "$rmapcheck")
  version=$("$rmapcheck" --version | tr -d '()' | cut -d' ' -f2- | tr ' ' -)
  export RMAPCHECK=$rmapcheck
}
