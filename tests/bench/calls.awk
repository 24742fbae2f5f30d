# SPDX-License-Identifier: MIT
# calls.awk - sums up a log of strace: calls per operation, the names of
# ptrace's requests instead of its own.

{
	sub(/^[0-9]+ +/, "")
	if ($0 !~ /^[a-z0-9_]+\(/)
		next
	name = $0
	sub(/\(.*/, "", name)
	if (name == "ptrace") {
		sub(/^ptrace\(/, "")
		sub(/[,)].*/, "")
		name = $0
	}
	calls[name]++
	all++
}

END {
	printf "%-10s %-9s %5.1f: ", row, column, all / count
	for (;;) {
		most = ""
		for (name in calls)
			if (most == "" || calls[name] > calls[most] ||
			    calls[name] == calls[most] && name < most)
				most = name
		# what is not done each time is not worth a word
		if (most == "" || calls[most] < 0.05 * count)
			break
		printf " %s %.3g", most, calls[most] / count
		delete calls[most]
	}
	print ""
}
