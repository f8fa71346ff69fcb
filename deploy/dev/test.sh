# shellcheck shell=bash
# ./dev test: everything CI runs, one named step after the other, with a summary of the time each took.

# Points at which the scenarios kill a worker. They do nothing until FAILPOINT names one.
TEST_FEATURES=worker/failpoints

command_test() {
    mkdir -p "$DEV_DIR"
    SUMMARY=() SKIPPED_FILE=$DEV_DIR/skipped
    : >"$SKIPPED_FILE"
    with_services
    export TEST_DATABASE_URL=$POSTGRES_URL TEST_AMQP_URL=$RABBITMQ_URL
    run_step "format" check_format
    run_step "scripts, compose file, manifests, alerts, licences" check_files
    run_step "installing missing tools, with stand-ins" "$ROOT/deploy/dev/bootstrap_test.sh"
    run_step "query data in .sqlx" check_sqlx_data
    run_step "clippy" check_clippy
    # Together, so that both are compiled with the same features of what they depend on.
    run_step "binaries and tests" cargo build --locked --workspace --all-targets --features "$TEST_FEATURES"
    run_step "tests" check_tests
    run_step "Python clients" check_python
    run_step "demo" check_demo
    run_step "pages in a browser" check_browser
    summary
    tests_line
}

check_format() {
    if has_tool rustfmt; then
        cargo fmt --all --check
    else
        skipped_without rustfmt
    fi
}

check_clippy() {
    if has_tool clippy; then
        cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
    else
        skipped_without clippy
    fi
}

# What a portal depends on: the producer without its programs. Other features of its dependencies need a folder of their own.
check_library() {
    if has_tool clippy; then
        cargo clippy --locked --package producer --lib --no-default-features --target-dir target/library --quiet -- -D warnings
    else
        skipped_without clippy
    fi
}

# The tests start the binaries that were compiled before, and find the services by two variables. Most of them wait for a
# fault to pass, so more run at once than there are cores.
check_tests() {
    local code=0
    trap 'close_test_postgres; stop_children' EXIT
    open_test_postgres
    RUST_TEST_THREADS=$TEST_THREADS FAULTS_SKIPPED=$SKIPPED_FILE cargo test --locked --workspace \
        --features "$TEST_FEATURES" --no-fail-fast 2>&1 | tee "$DEV_DIR/tests.log" || code=$?
    drop_templates
    return "$code"
}

# Each test makes a database, which takes a server with its data in memory a fraction of the time. Without the room or the
# programs for one, the tests use the server that was found; its stock limit of 100 connections bears four at a time.
open_test_postgres() {
    local free
    TEST_POSTGRES_DIR="" TEST_THREADS=4
    free=$(df -kP /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
    ((${free:-0} > 4 * 1024 * 1024)) && private_postgres_installed || return 0
    TEST_POSTGRES_DIR=$(mktemp -d /dev/shm/aamcare-test.XXXXXX) TEST_THREADS=8
    private_postgres_start "$TEST_POSTGRES_DIR"
    TEST_DATABASE_URL=$(<"$TEST_POSTGRES_DIR/url")
}

close_test_postgres() {
    [[ -n ${TEST_POSTGRES_DIR:-} ]] || return 0
    private_postgres_kill "$TEST_POSTGRES_DIR"
    rm -rf "$TEST_POSTGRES_DIR"
}

# The migrated databases that those of the tests were copied from.
drop_templates() {
    local name
    psql_on "$TEST_DATABASE_URL" -c "SELECT datname FROM pg_database WHERE datname ~ '^aamcare_template_'" |
        while read -r name; do drop_database "$TEST_DATABASE_URL" "$name" </dev/null; done
}

# The demo of the README, on the services that are there already and with the binaries just tested.
check_demo() {
    DEV_COMPILED=yes DEV_DIR=$DEV_DIR/test DEV_SERVICES=given \
        DEV_DATABASE_URL=$POSTGRES_URL DEV_AMQP_URL=$RABBITMQ_URL "$ROOT/dev" demo
    stage_drop_databases "$DEV_DIR/test/demo"
}

# run_step NAME COMMAND...: stops at the first step that fails.
run_step() {
    local name=$1 code started=$SECONDS
    shift
    step "$name"
    # Not within `if`: there a failure inside the command would not end it.
    set +e
    (
        set -e
        trap stop_children EXIT
        "$@"
    )
    code=$?
    set -e
    SUMMARY+=("$(printf '%5d s  %s' $((SECONDS - started)) "$name")")
    ((code == 0)) && return 0
    SUMMARY[-1]+="  FAILED"
    summary
    die 1 "failed: $name"
}

summary() {
    say ""
    printf '%s\n' "${SUMMARY[@]}" "$(printf '%5d s  in all' "$SECONDS")" >&2
    if [[ -s $SKIPPED_FILE ]]; then
        sed 's/^/skipped: /' "$SKIPPED_FILE" >&2
    fi
}

# The counts of all test programs together.
tests_line() {
    awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
        END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$DEV_DIR/tests.log"
}
