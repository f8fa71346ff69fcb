# shellcheck shell=bash
# A worker and a Twilio simulator with a database and queue names of their own, for the demo and for tests.

# stage_open FOLDER NAME: creates the database; logs go to FOLDER. The databases of the last stage there are dropped.
stage_open() {
    STAGE_DIR=$1 STAGE_NAME=$2
    mkdir -p "$STAGE_DIR"
    stage_drop_databases "$STAGE_DIR"
    STAGE_DATABASE_URL=$(stage_database "aamcare_${STAGE_NAME}_$$")
    stage_environment
    stage_run migrate worker migrate
}

# Creates a database, and prints its URL.
stage_database() {
    create_database "$POSTGRES_URL" "$1"
    echo "$POSTGRES_URL $1" >>"$STAGE_DIR/databases"
    url_with_database "$POSTGRES_URL" "$1"
}

# Those of the last stage in FOLDER. What is on another server stays on the list.
stage_drop_databases() {
    local url name list=$1/databases
    [[ -s $list ]] || return 0
    while read -r url name; do
        if [[ $url == "$POSTGRES_URL" ]]; then
            drop_database "$url" "$name" </dev/null
        else
            echo "$url $name"
        fi
    done <"$list" >"$list.left"
    mv "$list.left" "$list"
}

# Everything our programs get to see: nothing of the caller's own settings reaches them.
stage_environment() {
    STAGE_SIMULATOR=127.0.0.1:$(free_port)
    STAGE_OPS=127.0.0.1:$(free_port)
    STAGE_WEBHOOK=127.0.0.1:$(free_port)
    STAGE_ENVIRONMENT=(
        PATH="$PATH" HOME="$HOME" RUST_LOG="${RUST_LOG:-info}" LOG_FORMAT=json ALLOW_INSECURE=1
        DATABASE_URL="$STAGE_DATABASE_URL"
        AMQP_URL="$RABBITMQ_URL"
        AMQP_NAMESPACE="$STAGE_NAME-$TREE_ID"
        TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001
        TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef
        TWILIO_MESSAGING_SERVICE_SID=MG00000000000000000000000000000001
        TWILIO_API_BASE_URL="http://$STAGE_SIMULATOR"
        TWILIO_LOOKUPS_BASE_URL="http://$STAGE_SIMULATOR"
        TWILIO_MESSAGING_BASE_URL="http://$STAGE_SIMULATOR"
        TWILIO_ACCOUNTS_BASE_URL="http://$STAGE_SIMULATOR"
        TWILIO_CONTENT_BASE_URL="http://$STAGE_SIMULATOR"
        OPS_ADDR="$STAGE_OPS" WEBHOOK_ADDR="$STAGE_WEBHOOK" PUBLIC_URL="http://$STAGE_WEBHOOK"
        SEND_RATE=0 WORKER_CONCURRENCY=50 BACKFILL_WINDOW=
    )
}

# stage_run LOG PROGRAM ARG...: to its end; its last lines are shown when it fails.
stage_run() {
    local log=$STAGE_DIR/$1.log name=$2
    shift 2
    env -i "${STAGE_ENVIRONMENT[@]}" "$(program "$name")" "$@" </dev/null >>"$log" 2>&1 || {
        local code=$?
        show_log_tail "$log"
        die 1 "\`$name $*\` failed with exit code $code"
    }
}

stage_simulator() {
    child "$STAGE_DIR/twilio-sim.log" env -i "${STAGE_ENVIRONMENT[@]}" "$(program twilio-sim)" --listen "$STAGE_SIMULATOR"
    await_url "$CHILD_PID" "http://$STAGE_SIMULATOR/_sim/stats" "$STAGE_DIR/twilio-sim.log"
}

stage_worker() {
    child "$STAGE_DIR/worker.log" env -i "${STAGE_ENVIRONMENT[@]}" "$(program worker)" run
    await_url "$CHILD_PID" "http://$STAGE_OPS/readyz" "$STAGE_DIR/worker.log"
}
