# shellcheck shell=bash
# ./dev faults: the whole fault suite at full size, with a table at the end.

# The worker with failpoints lives in a target folder of its own.
build_failpoints() {
    cargo build --locked -p worker --features failpoints --profile faults --target-dir target/failpoints
}

command_faults() {
    need_rust
    mkdir -p "$DEV_DIR"
    with_services
    export TEST_DATABASE_URL=$POSTGRES_URL TEST_AMQP_URL=$RABBITMQ_URL
    step "binaries"
    cargo build --locked --workspace --bins
    build_failpoints
    step "scenarios, at most an hour"
    local report=$DEV_DIR/faults.tsv code=0
    rm -f "$report"
    FAULTS=full FAULTS_REPORT=$report cargo test --locked -p faults --test it --no-fail-fast -- \
        --test-threads 2 2>&1 | tee "$DEV_DIR/faults.log" || code=$?
    faults_table "$report"
    return "$code"
}

# scenario, signups, lost, duplicates, parked, seconds; a scenario that failed is in the log only.
faults_table() {
    {
        printf 'scenario\tsignups\tlost\tduplicates\tparked\tseconds\n'
        sort "$1"
    } | if has column; then column -t -s $'\t'; else cat; fi
    awk -F'\t' '{ s += $2; l += $3; d += $4; p += $5 } END {
        printf "%d scenarios, %d signups, %d lost, %d duplicates, %d parked\n", NR, s, l, d, p }' "$1"
    if grep -q '^test .* FAILED' "$DEV_DIR/faults.log"; then
        grep '^test .* FAILED' "$DEV_DIR/faults.log"
    fi
}
