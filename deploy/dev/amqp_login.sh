# shellcheck shell=bash
# A real AMQP 0-9-1 login with nothing but bash, to tell a usable broker from an open port.

# amqp_login HOST PORT USER PASSWORD: 0 when the broker is RabbitMQ 3.10 or later and lets us in.
amqp_login() {
    local reply
    reply=$(amqp_handshake "$@" 2>/dev/null) || return 1
    [[ $reply == "10 30 "* ]] || return 1
    local version=${reply#10 30 } major minor
    IFS=. read -r major minor _ <<<"$version"
    [[ $major =~ ^[0-9]+$ && $minor =~ ^[0-9]+$ ]] || return 1
    ((major > 3 || (major == 3 && minor >= 10)))
}

# Prints "CLASS METHOD VERSION" of what the broker answers to our login; `10 30` is connection.tune.
amqp_handshake() {
    local host=$1 port=$2 user=$3 password=$4 version method
    port_open "$host" "$port" || return 1
    exec {broker}<>"/dev/tcp/$host/$port" || return 1
    printf 'AMQP\0\0\11\1' >&"$broker"
    version=$(amqp_frame "$broker" | sed -E 's/.*versionS([0-9.]+).*/\1/') || return 1
    amqp_start_ok "$user" "$password" >&"$broker"
    method=$(amqp_method "$broker") || return 1
    exec {broker}>&-
    printf '%s %s\n' "$method" "$version"
}

# The printable characters of the next frame's payload.
amqp_frame() {
    local size
    size=$(amqp_frame_size "$1") || return 1
    amqp_bytes "$1" $((size + 1)) | LC_ALL=C tr -dc '[:print:]'
}

# Class and method of the next frame.
amqp_method() {
    local size numbers
    size=$(amqp_frame_size "$1") || return 1
    read -r -a numbers < <(amqp_bytes "$1" $((size + 1)) | od -An -v -tu1 -N4)
    echo "${numbers[1]} ${numbers[3]}"
}

amqp_frame_size() {
    local numbers
    read -r -a numbers < <(amqp_bytes "$1" 7 | od -An -v -tu1)
    [[ ${#numbers[@]} == 7 && ${numbers[0]} == 1 ]] || return 1
    echo $(((numbers[3] << 24) + (numbers[4] << 16) + (numbers[5] << 8) + numbers[6]))
}

# amqp_bytes FD COUNT: exactly COUNT bytes, or as many as come within 5 s.
amqp_bytes() {
    if has timeout; then
        timeout 5 head -c "$2" <&"$1"
    else
        head -c "$2" <&"$1"
    fi
}

# connection.start-ok with PLAIN, framed. Lengths stay below 256.
amqp_start_ok() {
    local user=$1 password=$2 response=$((2 + ${#1} + ${#2}))
    amqp_head $((24 + response))
    printf '\0\12\0\13\0\0\0\0\5PLAIN\0\0\0%b\0%s\0%s\5en_US\316' "$(amqp_byte "$response")" "$user" "$password"
}

amqp_head() { printf '\1\0\0\0\0\0%b' "$(amqp_byte "$1")"; }

amqp_byte() { printf '\\x%02x' "$1"; }
