#!/usr/bin/env bash
# RabbitMQ or Postgres for one fault scenario: in a folder of its own, to be stopped, killed and wiped at will.
#
#   instance.sh SERVICE installed          0 when the server's programs are there
#   instance.sh SERVICE start FOLDER       prints its URL; the port stays the same from start to start.
#                                          Further arguments, for RabbitMQ: lines of rabbitmq.conf
#   instance.sh SERVICE stop FOLDER        in an orderly way
#   instance.sh SERVICE kill FOLDER        SIGKILL to the server and all it started
#   instance.sh SERVICE wipe FOLDER        deletes the data of a server that does not run
#   instance.sh rabbitmq ctl FOLDER ARG... rabbitmqctl on that node
#
# SERVICE is rabbitmq or postgres. A missing server gives exit code 69. With INSTANCE_OWNER=PID on the first start,
# the server and its folder go away with that process, however it ends.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# shellcheck source=deploy/dev/output.sh
. "$HERE/output.sh"
# shellcheck source=deploy/dev/tools.sh
. "$HERE/tools.sh"
# shellcheck source=deploy/dev/process.sh
. "$HERE/process.sh"
# shellcheck source=deploy/dev/port.sh
. "$HERE/port.sh"
# shellcheck source=deploy/dev/amqp_login.sh
. "$HERE/amqp_login.sh"
# shellcheck source=deploy/dev/private_postgres.sh
. "$HERE/private_postgres.sh"
# shellcheck source=deploy/dev/private_rabbitmq.sh
. "$HERE/private_rabbitmq.sh"

main() {
    [[ ${1:-} =~ ^(rabbitmq|postgres)$ ]] || die 2 "instance.sh {rabbitmq|postgres} ACTION FOLDER"
    local service=$1 action=${2:-} folder=${3:-}
    shift $(($# < 3 ? $# : 3))
    if [[ $action == installed ]]; then
        "private_${service}_installed" || exit 69
        return 0
    fi
    [[ $folder == /* ]] || die 2 "the folder must be a full path"
    case $action in
    start) instance_start "$service" "$folder" "$@" ;;
    stop) "private_${service}_stop" "$folder" ;;
    kill) "private_${service}_kill" "$folder" ;;
    wipe) instance_wipe "$service" "$folder" ;;
    guard) instance_guard "$service" "$folder" "$(<"$folder/owner")" ;;
    ctl) private_rabbitmq_ctl "$folder" "$@" ;;
    *) die 2 "no action \`$action\`" ;;
    esac
}

instance_start() {
    local service=$1 folder=$2
    shift 2
    "private_${service}_installed" || die 69 "the programs of $service are not installed"
    mkdir -p "$folder"
    if [[ -n ${INSTANCE_OWNER:-} && ! -e $folder/owner ]]; then
        echo "$INSTANCE_OWNER" >"$folder/owner"
        detached /dev/null "$HERE/instance.sh" "$service" guard "$folder"
    fi
    (($# == 0)) || printf '%s\n' "$@" >"$folder/extra.conf"
    "private_${service}_start" "$folder"
    cat "$folder/url"
}

instance_wipe() {
    "private_${1}_running" "$2" && die 2 "$1 runs in $2: stop it first"
    rm -rf "$2/mnesia" "$2/data"
}

# Ends with the folder, which its owner removes unless it was killed itself.
instance_guard() {
    while [[ -d $2 ]]; do
        if ! process_alive "$3"; then
            "private_${1}_kill" "$2"
            rm -rf "$2"
        fi
        sleep 1
    done
}

main "$@"
