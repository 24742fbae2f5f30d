# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# lib.sh - what the scripts of the bench share.

bin=build/$(uname -m)/tests/bench
export LC_ALL=C

# Sets workload, launcher and SHMTRACE from $bin.
find_programs() {
	local program
	workload=$bin/workload launcher=$bin/under
	: "${SHMTRACE:=${bin%/tests/bench}/shmtrace}"
	for program in "$workload" "$launcher" "$SHMTRACE"; do
		[ -x "$program" ] || {
			echo "no $program: run 'make build-bench'" >&2
			exit 1
		}
	done
}

# A folder of our own, $work, for as long as we run.
make_work() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
}

last_cpu() {
	taskset -cp $$ | sed 's/.*[ ,-]//'
}

# around COLUMN: sets the array `around`, what goes before the program
# shellcheck disable=SC2034
around() {
	case $1 in
	shmtrace) around=("$SHMTRACE" --shmmni=32768 --) ;;
	*) around=("$launcher" "$1") ;;
	esac
}

# only ROW...: keep these of $work/list
only() {
	local name
	for name; do
		grep "^$name " "$work/list" || {
			echo "no row '$name': see tests/bench/run -l" >&2
			exit 2
		}
	done >"$work/chosen"
	mv "$work/chosen" "$work/list"
}

describe_host() {
	echo "Linux $(uname -r), $(uname -m), $(nproc) CPUs," \
		"$(lscpu | sed -n 's/^Model name: *//p')"
	echo "$("$SHMTRACE" --version | head -n 1);" \
		"load average $(cut -d ' ' -f 1-3 /proc/loadavg)"
}
