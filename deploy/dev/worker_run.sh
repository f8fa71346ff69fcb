# shellcheck shell=bash
# ./dev run: the worker with the credentials of .env, real messages included.

command_run() {
    [[ -f $ROOT/.env ]] || die 78 "there is no .env. Make one: cp .env.example .env, then fill it in"
    load_env_file "$ROOT/.env"
    require_credentials
    compile_binaries
    if [[ -z ${DATABASE_URL:-} || -z ${AMQP_URL:-} ]]; then
        with_services
        use_own_stores
    fi
    step "applying migrations"
    "$(program worker)" migrate
    step "running the worker; it sends real messages. Ctrl-C stops it"
    run_worker
}

# The worker names every fault itself; only what is certain to be missing is named before compiling.
require_credentials() {
    local name missing=()
    for name in TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN; do
        local file=${name}_FILE
        [[ -n ${!name:-} || -n ${!file:-} ]] || missing+=("$name")
    done
    [[ -n ${TWILIO_MESSAGING_SERVICE_SID:-} || -n ${TWILIO_FROM:-} ]] ||
        missing+=("TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM")
    ((${#missing[@]} == 0)) && return 0
    printf 'dev: not set in .env: %s\n' "${missing[@]}" >&2
    exit 78
}

# What .env leaves empty comes from the services that were found or started.
use_own_stores() {
    if [[ -z ${DATABASE_URL:-} ]]; then
        database_exists "$POSTGRES_URL" aamcare || create_database "$POSTGRES_URL" aamcare
        DATABASE_URL=$(url_with_database "$POSTGRES_URL" aamcare)
    fi
    export DATABASE_URL AMQP_URL="${AMQP_URL:-$RABBITMQ_URL}"
}

# In the background, so that a signal to this script reaches its traps at once, and the worker through them.
run_worker() {
    stop_everything_on_exit
    "$(program worker)" run </dev/null &
    CHILDREN+=($!)
    wait "$!"
}
