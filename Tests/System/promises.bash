# Promises of the system tests. Sourced; $scratch is a folder for their output.

passed=0 failed=0

# promise TEXT COMMAND...: one promise, kept if the command succeeds.
promise() {
    local text=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then
        passed=$((passed + 1))
        echo "  ok      $text"
    else
        failed=$((failed + 1))
        echo "  BROKEN  $text"
        sed 's/^/          /' "$scratch/output" | tail -20
    fi
}

# summary: how many were kept; fails where one was not.
summary() {
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

# until_true SECONDS COMMAND...: runs the command until it succeeds; fails when it has not by then.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}
