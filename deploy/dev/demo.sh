# shellcheck shell=bash
# ./dev demo: the whole way of a signup, on real parts, with Twilio simulated.

DEMO_DIR=$DEV_DIR/demo
DEMO_SECONDS=60
DEMO_LIVE=50

command_demo() {
    demo_alone
    compile_binaries
    with_services
    DEMO_STARTED=$SECONDS
    step "creating databases and applying migrations"
    stage_open "$DEMO_DIR" demo
    step "starting the Twilio simulator on $STAGE_SIMULATOR"
    stage_simulator
    step "starting the worker"
    stage_worker
    demo_portal
    demo_publish
    local code=0
    demo_watch || code=1
    demo_report || code=1
    demo_hints
    return "$code"
}

# Two demos of one clone would share their logs and their queues.
demo_alone() {
    mkdir -p "$DEMO_DIR"
    if demo_pid >/dev/null; then
        die 1 "a demo is running already (process $(demo_pid))"
    fi
    rm -f "$DEMO_DIR"/*.log
    echo $$ >"$DEMO_DIR/pid"
}

demo_pid() {
    local pid
    pid=$(owned_pid "$DEMO_DIR/pid" "dev demo") && [[ $pid != "$$" ]] && echo "$pid"
}

demo_status() {
    if demo_pid >/dev/null; then
        echo "running, logs in $DEMO_DIR"
    else
        echo "not running"
    fi
}

demo_portal() {
    step "importing the sample portal"
    DEMO_PORTAL_URL=$(stage_database "aamcare_demo_${$}_portal")
    STAGE_ENVIRONMENT+=(PORTAL_DATABASE_URL="$DEMO_PORTAL_URL")
    psql_on "$DEMO_PORTAL_URL" -1 -f - <"$ROOT/deploy/demo/portal.sql" >/dev/null
    stage_run import import portal
    step "backfill, as a dry run"
    stage_run backfill-dry-run backfill --dry-run
    sed '/^Examples/,$d; s/^/    /' "$DEMO_DIR/backfill-dry-run.log" >&2
    step "backfill: enqueueing everyone stored"
    stage_run backfill backfill --yes
}
