# shellcheck shell=bash
# A RabbitMQ of our own: node name, cookie, ports, data and log in one folder, and its own epmd.

# An argument that means nothing to Erlang; it tells our node from any other in the list of processes.
PRIVATE_RABBITMQ_MARK=-private_node_in

find_rabbitmq() {
    local candidate
    # Debian's wrapper in /usr/sbin changes user and folder; the script behind it does not.
    for candidate in /usr/lib/rabbitmq/bin/"$1" "$(command -v "$1" || true)"; do
        [[ -x $candidate ]] && echo "$candidate" && return 0
    done
    return 1
}

find_epmd() {
    local candidate
    for candidate in "$(command -v epmd || true)" /usr/lib/erlang/erts-*/bin/epmd; do
        [[ -x $candidate ]] && echo "$candidate" && return 0
    done
    return 1
}

private_rabbitmq_installed() { find_rabbitmq rabbitmq-server >/dev/null && find_epmd >/dev/null; }

# private_rabbitmq_start FOLDER: starts it, and leaves its URL in FOLDER/url.
private_rabbitmq_start() {
    local folder=$1 port
    mkdir -p "$folder/mnesia" "$folder/log"
    port=$(kept_port "$folder/port")
    private_rabbitmq_configure "$folder" "$port"
    private_epmd_start "$folder"
    rabbitmq_environment "$folder"
    detached "$folder/server.log" env "${RABBITMQ_ENVIRONMENT[@]}" "$(find_rabbitmq rabbitmq-server)" \
        -noshell -noinput "$PRIVATE_RABBITMQ_MARK" "$folder"
    echo "$DETACHED_PID" >"$folder/server.pid"
    await_rabbitmq "$folder" "$port" "$DETACHED_PID"
    echo "amqp://guest:guest@127.0.0.1:$port/%2f" >"$folder/url"
}

# Erlang starts an epmd by itself and leaves it running; one of our own can be stopped by its id.
private_epmd_start() {
    local folder=$1 port tries
    port=$(kept_port "$folder/epmd_port")
    detached "$folder/epmd.log" "$(find_epmd)" -address 127.0.0.1 -port "$port"
    echo "$DETACHED_PID" >"$folder/epmd.pid"
    for ((tries = 0; tries < 100; tries++)); do
        port_open 127.0.0.1 "$port" && return 0
        sleep 0.05
    done
    show_log_tail "$folder/epmd.log"
    die 69 "epmd did not start"
}

private_rabbitmq_configure() {
    printf 'listeners.tcp.local = 127.0.0.1:%s\nlog.file.level = info\n' "$2" >"$1/rabbitmq.conf"
    [[ ! -s $1/extra.conf ]] || cat "$1/extra.conf" >>"$1/rabbitmq.conf"
    echo '[].' >"$1/enabled_plugins"
    : >"$1/rabbitmq-env.conf"
    kept_port "$1/dist_port" >/dev/null
}

# Named after its folder. `localhost` resolves even where the machine's own name does not.
private_rabbitmq_node() { echo "aamcare-$(cksum <<<"$1" | cut -d ' ' -f 1)@localhost"; }

# Sets RABBITMQ_ENVIRONMENT to what makes RabbitMQ's programs speak of the node in FOLDER.
rabbitmq_environment() {
    local folder=$1
    RABBITMQ_ENVIRONMENT=(
        HOME="$folder"
        ERL_EPMD_ADDRESS=127.0.0.1
        ERL_EPMD_PORT="$(<"$folder/epmd_port")"
        RABBITMQ_CONF_ENV_FILE="$folder/rabbitmq-env.conf"
        RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf"
        RABBITMQ_ADVANCED_CONFIG_FILE="$folder/advanced.config"
        RABBITMQ_GENERATED_CONFIG_DIR="$folder/generated"
        RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins"
        RABBITMQ_NODENAME="$(private_rabbitmq_node "$folder")"
        RABBITMQ_DIST_PORT="$(<"$folder/dist_port")"
        RABBITMQ_MNESIA_BASE="$folder/mnesia"
        RABBITMQ_LOG_BASE="$folder/log"
        ERL_CRASH_DUMP="$folder/erl_crash.dump"
        RABBITMQ_ALLOW_INPUT=1 # makes the start script turn into the server, so that its id stays
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    )
}

await_rabbitmq() {
    local folder=$1 port=$2 pid=$3 tries
    for ((tries = 0; tries < 720; tries++)); do
        amqp_login 127.0.0.1 "$port" guest guest && return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.25
    done
    show_log_tail "$folder/server.log"
    private_rabbitmq_stop "$folder"
    die 69 "the private RabbitMQ did not start; more in $folder/log"
}

private_rabbitmq_pid() { owned_pid "$1/server.pid" "$PRIVATE_RABBITMQ_MARK $1"; }

private_rabbitmq_running() { private_rabbitmq_pid "$1" >/dev/null; }

private_rabbitmq_stop() {
    local pid patience=5
    if pid=$(private_rabbitmq_pid "$1"); then
        # Before it listens it does not heed SIGTERM.
        port_open 127.0.0.1 "$(<"$1/port")" && patience=30
        stop_process "$pid" "$patience"
    fi
    if pid=$(owned_pid "$1/epmd.pid" "-port $(cat "$1/epmd_port" 2>/dev/null)"); then
        stop_process "$pid" 5
    fi
}

# Without the chance to write anything down.
private_rabbitmq_kill() {
    local pid
    if pid=$(private_rabbitmq_pid "$1"); then
        kill_tree "$pid"
    fi
    private_rabbitmq_stop "$1"
}

# private_rabbitmq_ctl FOLDER ARG...
private_rabbitmq_ctl() {
    local folder=$1
    shift
    rabbitmq_environment "$folder"
    env "${RABBITMQ_ENVIRONMENT[@]}" "$(find_rabbitmq rabbitmqctl)" "$@"
}
