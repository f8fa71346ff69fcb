# shellcheck shell=bash
# TCP ports on this machine.

# port_open HOST PORT: whether something accepts connections there.
port_open() {
    if has timeout; then
        # shellcheck disable=SC2016 # expanded by the inner bash
        timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null
    else
        (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
    fi
}

# A port of 127.0.0.1 that nobody listens on, below the range the kernel hands out by itself.
free_port() {
    local port tries
    for ((tries = 0; tries < 100; tries++)); do
        port=$((20000 + RANDOM % 12000))
        if ! port_open 127.0.0.1 "$port"; then
            echo "$port"
            return 0
        fi
    done
    die 69 "no free port between 20000 and 32000 on 127.0.0.1"
}

# kept_port FILE: the port written in FILE while it is free, else a new one, written there.
kept_port() {
    local port=""
    [[ -s $1 ]] && port=$(<"$1")
    if [[ -z $port ]] || port_open 127.0.0.1 "$port"; then
        port=$(free_port)
        printf '%s\n' "$port" >"$1"
    fi
    echo "$port"
}
