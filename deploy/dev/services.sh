# shellcheck shell=bash
# RabbitMQ and Postgres: found or started, and stopped again when we started them.
#
# Each comes from the first of these that works, or from the one that DEV_SERVICES names:
#   given    DATABASE_URL and AMQP_URL (or DEV_DATABASE_URL and DEV_AMQP_URL)
#   local    127.0.0.1:5432 as postgres or as this user, 127.0.0.1:5672 as guest
#   docker   docker-compose.yml
#   private  instances of our own below .dev, from Debian's packages
#
# `$STATE_DIR/started/NAME` holds the source of a service that we started, and
# `$STATE_DIR/users/PID` a command that uses them; the last one to leave stops them, unless
# `./dev up` asked for them to stay (`$STATE_DIR/keep`).

STATE_DIR=$DEV_DIR/services
PRIVATE_DIR=$DEV_DIR/private

# Sets POSTGRES_URL, POSTGRES_SOURCE, RABBITMQ_URL and RABBITMQ_SOURCE.
acquire_services() {
    [[ ${DEV_SERVICES:-auto} =~ ^(auto|given|local|docker|private)$ ]] ||
        die 2 "DEV_SERVICES is one of auto, given, local, docker, private"
    mkdir -p "$STATE_DIR/started" "$STATE_DIR/users" "$PRIVATE_DIR"
    lock_services
    : >"$STATE_DIR/users/$$"
    choose_service postgres
    choose_service rabbitmq
    unlock_services
    say "    Postgres  $POSTGRES_SOURCE, $(without_password "$POSTGRES_URL")"
    say "    RabbitMQ  $RABBITMQ_SOURCE, $(without_password "$RABBITMQ_URL")"
}

# The last command that uses the services stops those that we started.
release_services() {
    [[ -e $STATE_DIR/users/$$ ]] || return 0
    lock_services
    rm -f "$STATE_DIR/users/$$"
    [[ -e $STATE_DIR/keep ]] || services_in_use || stop_services
    unlock_services
}

services_in_use() {
    local file
    for file in "$STATE_DIR"/users/*; do
        [[ -e $file ]] || continue
        kill -0 "${file##*/}" 2>/dev/null && return 0
        rm -f "$file"
    done
    return 1
}

choose_service() {
    local name=$1 source
    for source in $(service_sources "$name"); do
        "from_$source" "$name" || continue
        if [[ $name == postgres ]]; then
            POSTGRES_SOURCE=$source POSTGRES_URL=$SERVICE_URL
        else
            RABBITMQ_SOURCE=$source RABBITMQ_URL=$SERVICE_URL
        fi
        return 0
    done
    die 69 "no $name to use. Set $(service_variable "$name"), or start Docker"
}

# The sources to try: the one we already started, so that all commands share it, comes first.
service_sources() {
    local started=""
    [[ -s $STATE_DIR/started/$1 ]] && started=$(<"$STATE_DIR/started/$1")
    if [[ ${DEV_SERVICES:-auto} == auto ]]; then
        echo "given $started local docker private"
    else
        echo "$DEV_SERVICES"
    fi
}

# likely_source NAME: the source that choose_service is going to take, as far as can be told without logging in.
likely_source() {
    local source
    for source in $(service_sources "$1"); do
        case $source in
        given) from_given "$1" || continue ;;
        local) port_open 127.0.0.1 "$(service_port "$1")" || continue ;;
        docker) docker_usable || continue ;;
        esac
        echo "$source"
        return 0
    done
}

service_port() { if [[ $1 == postgres ]]; then echo 5432; else echo 5672; fi; }

service_variable() { if [[ $1 == postgres ]]; then echo DATABASE_URL; else echo AMQP_URL; fi; }

# Each from_SOURCE sets SERVICE_URL, or fails to say that the next source is to be tried.
from_given() {
    local variable dev_variable
    variable=$(service_variable "$1")
    dev_variable=DEV_$variable
    SERVICE_URL=${!dev_variable:-${!variable:-}}
    [[ -n $SERVICE_URL ]]
}

from_local() {
    if [[ $1 == rabbitmq ]]; then
        SERVICE_URL=amqp://guest:guest@127.0.0.1:5672/%2f
        amqp_login 127.0.0.1 5672 guest guest
        return
    fi
    port_open 127.0.0.1 5432 || return 1
    find_psql >/dev/null || return 1
    local user
    for user in postgres "$(id -un)"; do
        SERVICE_URL=postgresql://$user@127.0.0.1:5432/postgres
        postgres_usable "$SERVICE_URL" && return 0
    done
    return 1
}

from_docker() {
    docker_usable || return 1
    docker_running "$1" || step "starting $1 in Docker (the first time it is downloaded)"
    echo docker >"$STATE_DIR/started/$1"
    docker_start "$1" && return 0
    say "    Docker could not start $1"
    docker_stop "$1"
    rm -f "$STATE_DIR/started/$1"
    return 1
}

from_private() {
    local folder
    folder=$(private_folder "$1")
    provide "a private $1" "$1"
    echo private >"$STATE_DIR/started/$1"
    if ! "private_${1}_running" "$folder"; then
        step "starting a private $1 in $folder"
        "private_${1}_start" "$folder"
    fi
    SERVICE_URL=$(<"$folder/url")
}

private_folder() {
    if [[ $1 == postgres ]]; then private_postgres_folder; else echo "$PRIVATE_DIR/rabbitmq"; fi
}

stop_services() {
    local name
    for name in rabbitmq postgres; do
        [[ -s $STATE_DIR/started/$name ]] || continue
        step "stopping $name, which was started here"
        case $(<"$STATE_DIR/started/$name") in
        docker) docker_stop "$name" ;;
        private) "private_${name}_stop" "$(private_folder "$name")" ;;
        esac
        rm -f "$STATE_DIR/started/$name"
    done
}

# One command at a time starts or stops services. A lock whose owner is gone is taken over.
lock_services() {
    local tries owner
    for ((tries = 0; tries < 1200; tries++)); do
        if (set -o noclobber && echo $$ >"$STATE_DIR/lock") 2>/dev/null; then
            return 0
        fi
        owner=$(cat "$STATE_DIR/lock" 2>/dev/null || true)
        [[ $owner == "$$" ]] && return 0
        [[ -n $owner ]] && ! kill -0 "$owner" 2>/dev/null && rm -f "$STATE_DIR/lock"
        sleep 0.1
    done
    die 69 "another ./dev (process $owner) has been starting services for two minutes; if it is stuck, end it"
}

unlock_services() {
    [[ $(cat "$STATE_DIR/lock" 2>/dev/null) != "$$" ]] || rm -f "$STATE_DIR/lock"
}
