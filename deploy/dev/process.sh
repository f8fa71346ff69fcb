# shellcheck shell=bash
# Starting processes that outlive this one, and stopping them: only ever those that we started.

# So that traps on EXIT run, and that a signal also ends this shell if the program in front of it survives it.
exit_on_signals() {
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# detached LOG COMMAND...: in a session of its own, so that Ctrl-C here does not reach it.
# Sets DETACHED_PID.
detached() {
    local log=$1
    shift
    if has setsid; then
        setsid "$@" </dev/null >"$log" 2>&1 &
    else
        (trap '' INT HUP && exec "$@") </dev/null >"$log" 2>&1 &
    fi
    DETACHED_PID=$!
}

# owned_pid FILE TEXT: the process id in FILE, if that process still has TEXT in its command line.
# The check keeps a number that the system has since given to another process safe.
owned_pid() {
    local pid
    [[ -s $1 ]] || return 1
    pid=$(tr -dc '0-9' <"$1")
    [[ -n $pid ]] && ps -ww -o args= -p "$pid" 2>/dev/null | grep -qF -- "$2" && echo "$pid"
}

# Whether it runs; one that has ended and that nobody asked about yet does not.
process_alive() { [[ $(ps -o stat= -p "$1" 2>/dev/null) == [!Z]* ]]; }

# stop_process PID SECONDS: SIGTERM, and SIGKILL when it is still there after SECONDS.
stop_process() {
    local tries
    kill -TERM "$1" 2>/dev/null || return 0
    for ((tries = 0; tries < $2 * 10; tries++)); do
        process_alive "$1" || return 0
        sleep 0.1
    done
    say "process $1 did not stop within $2 s and is killed"
    kill -KILL "$1" 2>/dev/null || true
}

# kill_tree PID: SIGKILL to a process and all below it; returns once they are gone, or after 10 s.
kill_tree() {
    local pids pid tries
    read -r -a pids <<<"$(process_tree "$1")"
    kill -KILL "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        for ((tries = 0; tries < 100; tries++)); do
            process_alive "$pid" || break
            sleep 0.1
        done
    done
}

# A process and all below it, on one line, parents first.
process_tree() {
    ps -e -o pid=,ppid= | awk -v root="$1" '
        { parent[$1] = $2 }
        END {
            line = root
            known[root] = 1
            do {
                grown = 0
                for (pid in parent)
                    if (!(pid in known) && parent[pid] in known) { known[pid] = 1; line = line " " pid; grown = 1 }
            } while (grown)
            print line
        }'
}

CHILDREN=()

# child LOG COMMAND...: in the background, stopped when this script ends. Sets CHILD_PID.
child() {
    local log=$1
    shift
    "$@" </dev/null >"$log" 2>&1 &
    CHILD_PID=$!
    CHILDREN+=("$CHILD_PID")
}

# The last one started goes first.
stop_children() {
    local i
    for ((i = ${#CHILDREN[@]} - 1; i >= 0; i--)); do
        stop_process "${CHILDREN[i]}" 30
    done
    CHILDREN=()
}

# await_url PID URL LOG: until URL answers 200, while PID lives and at most 30 s.
await_url() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        curl -fsS -m 2 -o /dev/null "$2" 2>/dev/null && return 0
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    show_log_tail "$3"
    die 1 "nothing ready at $2"
}
