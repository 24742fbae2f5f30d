# SPDX-License-Identifier: MIT
# table.awk - medians, ratios and spreads of what tests/bench/run recorded:
# condition, round, column, kind, label, value, unit, between tabs.
#
# A ratio is the median of the ratios of the single rounds.  With least=-m it
# is all about the least of each, not the median.

BEGIN {
	FS = "\t"
	split("native bare floor shmtrace", columns, " ")
}

function remember(label) {
	if (!(label in known)) {
		known[label] = 1
		labels[++count] = label
	}
}

$1 == condition {
	if ($7 != "ns") {
		figures[++others] = sprintf("%s: %s %s", $5, $6, $7)
		next
	}
	remember($5)
	kind[$5] = $4
	value[$5, $3, $2] = $6 / 1000
	if ($2 > rounds)
		rounds = $2
}

# Of v[1..n], which it sorts.
function median_of(v, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	if (least)
		return v[1]
	if (n % 2)
		return v[(n + 1) / 2]
	return (v[n / 2] + v[n / 2 + 1]) / 2
}

# Number of values; sets sorted[1..n], or those of a by those of b.
function collect(la, ca, lb, cb,    r, n, x) {
	n = 0
	if (least && lb != "") {
		n = collect(lb, cb, "", "")
		x = n ? median_of(sorted, n) : 0
		n = collect(la, ca, "", "")
		if (!n || !x)
			return 0
		sorted[1] = median_of(sorted, n) / x
		return 1
	}
	for (r = 1; r <= rounds; r++) {
		if (!((la, ca, r) in value))
			continue
		x = value[la, ca, r]
		if (lb != "") {
			if (!((lb, cb, r) in value) || value[lb, cb, r] == 0)
				continue
			x /= value[lb, cb, r]
		}
		sorted[++n] = x
	}
	return n
}

function number(x) {
	if (x < 10)
		return sprintf("%.2f", x)
	return sprintf(x < 100 ? "%.1f" : "%.0f", x)
}

# Median and, of its percent, how far the largest is from the smallest.
function cell(label, column,    n, m) {
	n = collect(label, column, "", "")
	if (!n)
		return sprintf("%9s %4s", "-", "")
	m = median_of(sorted, n)
	return sprintf("%9s %3.0f%%", number(m),
		m ? 100 * (sorted[n] - sorted[1]) / m : 0)
}

function ratio(la, ca, lb, cb,    n) {
	n = collect(la, ca, lb, cb)
	return sprintf("%8s", n ? sprintf("%.2f", median_of(sorted, n)) : "-")
}

function main_table(    i, c, label) {
	printf "%-34s", "us (and spread)"
	for (c = 1; c <= 4; c++)
		printf "%15s", columns[c]
	printf "%8s%8s%8s%8s\n", "/native", "/bare", "/floor", "stops"
	for (i = 1; i <= count; i++) {
		label = labels[i]
		printf "%-34s", label
		for (c = 1; c <= 4; c++)
			printf " %s", cell(label, columns[c])
		for (c = 1; c <= 3; c++)
			printf "%s", ratio(label, "shmtrace", label, columns[c])
		printf "%s\n", kind[label] != "ours" || label ~ /^fork/ ? "" : \
			ratio(label, "shmtrace", stop, "floor")
	}
}

# The same label with other numbers came first: compare with that one.
function growth_table(    i, c, label, family, said) {
	for (i = 1; i <= count; i++) {
		label = labels[i]
		family = label
		if (label ~ /fork.*attachments/ ||
		    label !~ /, [0-9]+ (segments|attachments|live)/)
			continue
		sub(/[0-9]+/, "", family)
		if (!(family in first)) {
			first[family] = label
			continue
		}
		if (!said++)
			printf "\n%-34s%9s%9s%9s\n", "growth, as a ratio to " \
				"the least", "native", "floor", "shmtrace"
		printf "%-34s", label
		for (c = 1; c <= 4; c++)
			if (c != 2)
				printf "  %s", ratio(label, columns[c],
					first[family], columns[c])
		print ""
	}
}

END {
	stop = "shmget of a key"
	if (count)
		main_table()
	if (stop in known)
		printf "One stop, the floor's shmget: %s us.\n",
			number(median_of(sorted, collect(stop, "floor", "", "")))
	growth_table()
	for (c = 1; c <= others; c++)
		print (c == 1 ? "\n" : "") figures[c]
}
