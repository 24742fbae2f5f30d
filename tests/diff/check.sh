#!/bin/sh
# SPDX-License-Identifier: MIT
# A fixed set of seeds: the kernel against itself, against emul/ on a machine
# of memory, and against shmtrace in both modes; as root also as an ordinary
# user.  usage: check.sh DIFFER SCENARIO SHMTRACE
set -u

user=65534
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
out=$work/out
# An ordinary user need not be able to reach the build directory.
chmod 755 "$work" && cp "$2" "$work"/scenario && cp "$3" "$work"/shmtrace ||
	exit 2
differ="$1 --scenario=$work/scenario --shmtrace=$work/shmtrace"
passed=0 failed=0

# Scenarios change users and limits, and an ordinary user's own namespace would
# know no user but him.
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
compare "shmtrace for user $user" --judges=linux,on,off --seeds=661-700 \
	--user=$user

echo "$passed passed, $failed failed"
[ $failed = 0 ]
