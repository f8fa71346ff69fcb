# shellcheck shell=bash
# ./dev faults: the whole fault suite at full size, with a table at the end.

# The worker with failpoints, moved away so that it is never taken for the real one, which `cargo build` puts there after
# it. With the workspace and one of its tests, so that the libraries are those that everything else is compiled with.
build_failpoints() {
    local target
    target=$(target_dir)
    cargo build --locked --workspace --bin worker --test it --features worker/failpoints
    mkdir -p "$target/failpoints"
    # First, for the last one may be the same file under two names.
    rm -f "$target/failpoints/worker"
    mv "$target/debug/worker" "$target/failpoints/worker"
}

command_faults() {
    mkdir -p "$DEV_DIR"
    with_services
    export TEST_DATABASE_URL=$POSTGRES_URL TEST_AMQP_URL=$RABBITMQ_URL
    step "binaries"
    build_failpoints
    cargo build --locked --workspace --bins --test it
    step "scenarios, up to an hour"
    local report=$DEV_DIR/faults.tsv skipped=$DEV_DIR/faults.skipped code=0
    rm -f "$report" "$skipped"
    FAULTS=full FAULTS_REPORT=$report FAULTS_SKIPPED=$skipped cargo test --locked --workspace --test it \
        --no-fail-fast -- --test-threads 4 2>&1 | tee "$DEV_DIR/faults.log" || code=$?
    touch "$report" "$skipped"
    faults_table "$report" "$DEV_DIR/faults.log"
    sed 's/^/skipped: /' "$skipped"
    return "$code"
}

# A row per scenario. One that failed has the figures that were measured before anything was asserted; where it could not
# be measured, nobody knows them. Then the totals and what failed.
faults_table() {
    local failed
    failed=$(sed -n 's/^test \([^ ]*\) .*FAILED$/\1/p' "$2" | sort -u)
    {
        printf 'scenario\tfaults\tsignups\tlost\tduplicates\tunknown\tparked\tresumed\tseconds\tresult\n'
        sort "$1" | awk -F'\t' -v OFS='\t' -v failed="$failed" '
            BEGIN { n = split(failed, names, "\n"); for (i = 1; i <= n; i++) open[names[i]] = 1 }
            { known[$1] = 1; print $0, ($1 in open ? "FAILED" : "passed") }
            END { for (name in open) if (!(name in known)) print name, "?", "?", "?", "?", "?", "?", "?", "?", "FAILED" }'
    } | if has column; then column -t -s $'\t'; else cat; fi
    awk -F'\t' '{ f += $2; s += $3; l += $4; d += $5; u += $6; p += $7 } END {
        printf "%d scenarios, %d faults, %d signups, %d lost, %d duplicates, %d unknown, %d of them parked\n",
            NR, f, s, l, d, u, p }' "$1"
    if [[ -n $failed ]]; then awk '{ print "failed: " $1 }' <<<"$failed"; fi
}
