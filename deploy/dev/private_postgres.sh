# shellcheck shell=bash
# A Postgres of our own: data, port and log in one folder, trust on loopback, never as root.

# find_postgres PROGRAM: the newest one installed.
find_postgres() {
    local candidate
    candidate=$(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -n 1)
    if [[ -x $candidate ]]; then
        echo "$candidate"
    else
        command -v "$1"
    fi
}

private_postgres_installed() { find_postgres initdb >/dev/null && find_postgres pg_ctl >/dev/null; }

# private_postgres_start FOLDER: starts it, and leaves its URL in FOLDER/url.
private_postgres_start() {
    local folder=$1 port
    mkdir -p "$folder"
    give_to_postgres "$folder"
    [[ -s $folder/data/PG_VERSION ]] || private_postgres_create "$folder"
    port=$(kept_port "$folder/port")
    as_postgres "$folder" "$(find_postgres pg_ctl)" start -s -w -t 60 -D "$folder/data" -l "$folder/log" \
        -o "-p $port" </dev/null >/dev/null || {
        show_log_tail "$folder/log"
        die 69 "the private Postgres did not start"
    }
    echo "postgresql://postgres@127.0.0.1:$port/postgres" >"$folder/url"
}

private_postgres_create() {
    local folder=$1
    rm -rf "$folder/new"
    as_postgres "$folder" "$(find_postgres initdb)" -D "$folder/new" -U postgres -A trust -E UTF8 --locale=C \
        >"$folder/initdb.log" 2>&1 || {
        show_log_tail "$folder/initdb.log"
        die 69 "initdb failed"
    }
    cat >>"$folder/new/postgresql.conf" <<-'CONF'
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		max_connections = 500
		timezone = 'UTC'
		log_timezone = 'UTC'
	CONF
    # Only whole: an interrupted initdb leaves nothing that looks like a database.
    mv "$folder/new" "$folder/data"
}

private_postgres_running() {
    [[ -s $1/data/postmaster.pid ]] &&
        as_postgres "$1" "$(find_postgres pg_ctl)" status -D "$1/data" >/dev/null 2>&1
}

private_postgres_stop() {
    private_postgres_running "$1" || return 0
    as_postgres "$1" "$(find_postgres pg_ctl)" stop -s -w -t 30 -m fast -D "$1/data" >/dev/null ||
        say "the private Postgres in $1 did not stop"
}

# Without a checkpoint, and without a word to whoever is connected.
private_postgres_kill() {
    local pid
    head -n 1 "$1/data/postmaster.pid" >"$1/server.pid" 2>/dev/null || return 0
    if pid=$(owned_pid "$1/server.pid" "-D $1/data"); then
        kill_tree "$pid"
        # Where nobody has asked about the dead process yet, its id still counts as taken.
        rm "$1/data/postmaster.pid"
    fi
}

# Postgres refuses to run as root; its package brings a user for it.
unprivileged_user() {
    if id -u postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

give_to_postgres() {
    if [[ $(id -u) == 0 ]]; then
        chown "$(unprivileged_user)" "$1"
    fi
}

# as_postgres FOLDER COMMAND...: runs it there, as an unprivileged user.
as_postgres() {
    local folder=$1
    shift
    (
        cd "$folder" || exit
        if [[ $(id -u) != 0 ]]; then
            exec "$@"
        elif has runuser; then
            exec runuser -u "$(unprivileged_user)" -- "$@"
        else
            exec setpriv --reuid="$(unprivileged_user)" --regid="$(id -g "$(unprivileged_user)")" --clear-groups "$@"
        fi
    )
}

# Where the data may lie: below .dev, or in /var/tmp when the unprivileged user cannot get into .dev.
private_postgres_folder() {
    local wanted=$PRIVATE_DIR/postgres
    mkdir -p "$wanted"
    if as_postgres / test -x "$wanted" 2>/dev/null; then
        echo "$wanted"
        return 0
    fi
    local elsewhere
    elsewhere=/var/tmp/aamcare-$(id -u)-$TREE_ID
    mkdir -p "$elsewhere"
    [[ ! -L $elsewhere ]] && [[ -O $elsewhere || $(stat -c %U "$elsewhere") == "$(unprivileged_user)" ]] ||
        die 69 "$elsewhere belongs to someone else; move this tree where $(unprivileged_user) can read it"
    echo "$elsewhere"
}
