# shellcheck shell=bash
# The short commands. Those with more to them have files of their own.

command_up() {
    with_services
    if ! database_exists "$POSTGRES_URL" aamcare; then
        create_database "$POSTGRES_URL" aamcare
    fi
    : >"$STATE_DIR/keep"
    say "They stay until ./dev down. In this shell: eval \"\$(./dev up)\""
    echo "export DATABASE_URL='$(url_with_database "$POSTGRES_URL" aamcare)'"
    echo "export AMQP_URL='$RABBITMQ_URL'"
}

command_down() {
    [[ ${1:---keep} =~ ^--(keep|wipe)$ ]] || die 2 "./dev down [--wipe]"
    mkdir -p "$STATE_DIR/users"
    lock_services
    rm -f "$STATE_DIR/keep"
    if services_in_use; then
        unlock_services
        die 1 "./dev demo or ./dev test is running; it stops what was started when it ends"
    fi
    [[ -n $(ls "$STATE_DIR/started" 2>/dev/null) ]] || say "nothing was started here"
    stop_services
    unlock_services
    if [[ ${1:-} == --wipe ]]; then
        wipe
    fi
}

# Deletes the data of the services that we started; in those that were found running, our databases.
wipe() {
    step "deleting the data of ./dev"
    local url name
    while read -r url name; do
        drop_database "$url" "$name" </dev/null 2>/dev/null || true # its server is gone, or about to be deleted
    done < <(cat "$DEV_DIR"/*/databases "$DEV_DIR"/test/*/databases 2>/dev/null)
    if [[ -d $DEV_DIR/docker ]] && docker_usable; then
        docker_compose down --volumes >&2
    fi
    if [[ -d $PRIVATE_DIR ]]; then
        rm -rf "$(private_postgres_folder)"
    fi
    rm -rf "$DEV_DIR"
}

command_status() {
    local name
    for name in postgres rabbitmq; do
        printf '%-9s %s\n' "$name" "$(service_status "$name")"
    done
    printf '%-9s %s\n' demo "$(demo_status)"
}

service_status() {
    local source=none
    [[ -s $STATE_DIR/started/$1 ]] && source=$(<"$STATE_DIR/started/$1")
    if [[ $source == docker ]] && docker_running "$1"; then
        echo "in Docker, started by ./dev"
    elif [[ $source == private ]] && "private_${1}_running" "$(private_folder "$1")"; then
        echo "private, started by ./dev, $(<"$(private_folder "$1")/url")"
    elif from_given "$1"; then
        echo "given, $(without_password "$SERVICE_URL")"
    elif from_local "$1"; then
        echo "found on this machine, $SERVICE_URL"
    else
        echo "not running"
    fi
}

command_fmt() {
    cargo fmt --all
}

command_lint() {
    check_format
    check_clippy
    check_library
    check_files
}

# Acquires the services for the rest of this process.
with_services() {
    stop_everything_on_exit
    step "looking for RabbitMQ and Postgres"
    acquire_services
}

stop_everything_on_exit() {
    trap leave EXIT
    exit_on_signals
}

# Runs once, however this process ends.
leave() {
    local code=$?
    trap '' INT TERM HUP
    set +e
    stop_children
    release_services
    unlock_services
    exit "$code"
}
