#!/bin/sh
# SPDX-License-Identifier: MIT
# A fixed set of seeds: the kernel against itself, against emul/ on a machine
# of memory, and against shmtrace in both modes.  usage: check.sh DIFFER
set -u

differ=$1
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
passed=0 failed=0

# Random scenarios change users and limits.
if [ "$(id -u)" != 0 ]; then
	echo "skipped: random scenarios need root"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

compare() {
	name=$1
	shift
	# shellcheck disable=SC2086 # a command with its options
	$differ "$@" >"$out" 2>&1
	sed '$d' "$out"
	summary=$(tail -n 1 "$out")
	echo "$name: $summary"
	# shellcheck disable=SC2086 # the words of the summary
	set -- $summary
	if [ "${2-}" = passed, ]; then
		passed=$((passed + $1)) failed=$((failed + $3))
	else
		failed=$((failed + 1))
	fi
}

compare "Linux against itself" --judges=linux --seeds=1-60
compare "emul" --judges=emul --seeds=1-600
compare "shmtrace in both modes" --judges=on,off --seeds=601-660

echo "$passed passed, $failed failed"
[ $failed = 0 ]
