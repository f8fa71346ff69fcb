# shellcheck shell=bash
# The services of docker-compose.yml, when a Docker engine answers.

docker_usable() { has docker && docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; }

# Ports are kept in a file, so that every call speaks of the same containers.
docker_compose() {
    mkdir -p "$DEV_DIR/docker"
    [[ -s $DEV_DIR/docker/postgres_port ]] || free_port >"$DEV_DIR/docker/postgres_port"
    [[ -s $DEV_DIR/docker/rabbitmq_port ]] || free_port >"$DEV_DIR/docker/rabbitmq_port"
    POSTGRES_PORT=$(<"$DEV_DIR/docker/postgres_port") \
        RABBITMQ_PORT=$(<"$DEV_DIR/docker/rabbitmq_port") \
        RABBITMQ_MANAGEMENT_PORT=0 \
        POSTGRES_PASSWORD=aamcare RABBITMQ_PASSWORD=aamcare \
        docker compose --env-file /dev/null -p "aamcare-dev-$TREE_ID" -f "$ROOT/docker-compose.yml" "$@"
}

# docker_start SERVICE: sets SERVICE_URL.
docker_start() {
    docker_running "$1" || kept_port "$DEV_DIR/docker/${1}_port" >/dev/null
    docker_compose up -d --wait "$1" >&2 || return 1
    local address
    address=127.0.0.1:$(<"$DEV_DIR/docker/${1}_port")
    case $1 in
    postgres) SERVICE_URL=postgresql://aamcare:aamcare@$address/aamcare ;;
    rabbitmq) SERVICE_URL=amqp://aamcare:aamcare@$address/%2f ;;
    esac
}

docker_running() { [[ -n $(docker_compose ps -q --status running "$1" 2>/dev/null) ]]; }

docker_stop() { docker_compose stop "$1" >/dev/null 2>&1 || say "docker compose could not stop $1"; }

# psql inside the container: there the server listens on its own port.
docker_psql() {
    local url=$1
    shift
    [[ $url =~ ^([a-z]+://[^@/]*@)[^/]*(/.*)?$ ]] || return 1
    docker_compose exec -T postgres psql "$@" "${BASH_REMATCH[1]}127.0.0.1:5432${BASH_REMATCH[2]-}"
}
