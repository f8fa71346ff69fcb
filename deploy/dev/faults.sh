# shellcheck shell=bash
# ./dev faults: the whole fault suite at full size, with a table at the end.

# The first release. Scenarios run its worker beside today's.
FIRST_RELEASE=7540f9475063007a30c8fcbe86f20e69e41b99a2

# Builds the worker of the first release from a worktree of its own, in a target folder of its own; sets
# FAULTS_OLD_WORKER to its path. Without that commit the scenarios of mixed releases are skipped.
build_first_release() {
    local folder=$DEV_DIR/first-release
    if ! git -C "$ROOT" cat-file -e "$FIRST_RELEASE^{commit}" 2>/dev/null; then
        say "    git has no commit $FIRST_RELEASE: the scenarios of mixed releases are skipped"
        return 0
    fi
    if [[ ! -x $folder/target/debug/worker ]]; then
        # Git may still list a worktree whose folder was deleted.
        git -C "$ROOT" worktree prune
        [[ -d $folder/source ]] || git -C "$ROOT" worktree add --quiet --detach "$folder/source" "$FIRST_RELEASE"
        (cd "$folder/source" && CARGO_TARGET_DIR=$folder/target cargo build --locked --workspace --bin worker)
        git -C "$ROOT" worktree remove --force "$folder/source"
    fi
    export FAULTS_OLD_WORKER=$folder/target/debug/worker
}

command_faults() {
    mkdir -p "$DEV_DIR"
    with_services
    export TEST_DATABASE_URL=$POSTGRES_URL TEST_AMQP_URL=$RABBITMQ_URL
    step "binaries"
    cargo build --locked --workspace --features "$TEST_FEATURES" --bins --test it
    step "the worker of the first release"
    build_first_release
    step "scenarios, up to an hour"
    local report=$DEV_DIR/faults.tsv skipped=$DEV_DIR/faults.skipped code=0
    rm -f "$report" "$skipped"
    FAULTS=full FAULTS_REPORT=$report FAULTS_SKIPPED=$skipped cargo test --locked --workspace \
        --features "$TEST_FEATURES" --test it \
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
