# shellcheck shell=bash
# .env, read as plain NAME=VALUE lines: nothing in it is executed.

# load_env_file FILE: exports what the environment does not set already.
load_env_file() {
    local line name value
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line%$'\r'}
        [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
        name=${BASH_REMATCH[2]}
        value=$(unquoted "${BASH_REMATCH[3]}")
        [[ -n ${!name:-} ]] || export "$name=$value"
    done <"$1"
}

unquoted() {
    local value=$1
    value=${value#"${value%%[![:space:]]*}"}
    value=${value%"${value##*[![:space:]]}"}
    case $value in
    \"*\") value=${value#\"} && value=${value%\"} ;;
    \'*\') value=${value#\'} && value=${value%\'} ;;
    *) value=${value%%[[:space:]]#*} ;;
    esac
    printf '%s' "$value"
}
