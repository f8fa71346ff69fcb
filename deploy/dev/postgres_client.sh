# shellcheck shell=bash
# SQL through psql: the one on PATH, one of Debian's server packages, or the container's.

find_psql() {
    local candidate
    if has psql; then
        echo psql
        return 0
    fi
    for candidate in /usr/lib/postgresql/*/bin/psql; do
        [[ -x $candidate ]] && echo "$candidate" && return 0
    done
    return 1
}

# psql_on URL [ARG...]: quiet, unaligned, stops at the first error, reads no start-up file.
psql_on() {
    local url=$1 program
    shift
    local options=(-X -q -A -t -w -v ON_ERROR_STOP=1)
    if program=$(find_psql); then
        PGCONNECT_TIMEOUT=5 "$program" "${options[@]}" "$@" "$url"
    else
        docker_psql "$url" "${options[@]}" "$@"
    fi
}

# url_with_database URL NAME
url_with_database() {
    [[ $1 =~ ^([a-z]+://[^/?]*)(/[^?]*)?(\?.*)?$ ]] || die 78 "not a Postgres URL: $(without_password "$1")"
    echo "${BASH_REMATCH[1]}/$2${BASH_REMATCH[3]-}"
}

create_database() { psql_on "$1" -c "CREATE DATABASE \"$2\"" >/dev/null; }

drop_database() {
    psql_on "$1" -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS \"$2\" WITH (FORCE)" >/dev/null
}

database_exists() { [[ $(psql_on "$1" -c "SELECT 1 FROM pg_database WHERE datname = '$2'") == 1 ]]; }

# Applies the migrations with psql alone, for when the worker cannot be compiled yet.
apply_migrations() {
    local file transaction
    for file in "$ROOT"/migrations/*.sql; do
        transaction=-1
        # As sqlx reads it: an index that is built beside writers.
        if [[ $(head -n 1 "$file") == '-- no-transaction' ]]; then transaction=; fi
        psql_on "$1" ${transaction:+-1} -f - <"$file" >/dev/null || die 1 "$(basename "$file") fails on an empty database"
    done
}

# Whether URL lets us in with the right to create databases, on Postgres 13 or later.
postgres_usable() {
    local answer
    answer=$(psql_on "$1" -c "SELECT (rolcreatedb OR rolsuper) AND current_setting('server_version_num')::int >= 130000
        FROM pg_roles WHERE rolname = current_user" 2>/dev/null) || return 1
    [[ $answer == t ]]
}
