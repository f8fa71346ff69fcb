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
    demo_whatsapp
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

# WhatsApp first, for those who agree to it, with the template of an account that has one.
demo_whatsapp() {
    local template=HX00000000000000000000000000000001 language
    step "mapping a template for WhatsApp"
    STAGE_ENVIRONMENT+=(CHANNELS="welcome=whatsapp,sms" WHATSAPP_RATE=0 WHATSAPP_MAX_PEOPLE_PER_DAY=0)
    demo_tell content '{"sid":"'$template'","friendly_name":"welcome","language":"en",
        "types":{"twilio/text":{"body":"Welcome to Aamcare. We are here for you."}},
        "approval_requests":{"status":"approved","category":"UTILITY"}}'
    # Some of the live signups are not on WhatsApp.
    demo_tell faults '{"operation":"create","channel":"whatsapp","suffix":"1","action":{"type":"fail","error_code":63003}}'
    stage_run templates worker templates sync
    for language in ne en; do
        stage_run templates worker templates map welcome welcome "$language" "$template" --reason "the demo"
    done
}

# demo_tell WHAT JSON: has the simulator know it.
demo_tell() {
    curl -fsS -m 5 -o /dev/null -H 'Content-Type: application/json' -d "$2" "http://$STAGE_SIMULATOR/_sim/$1"
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
