# shellcheck shell=bash
# The dashboard and the stop page in a real Chromium, after a real demo run.

BROWSER_PASSWORD="a long enough password"

command_browser() {
    compile_binaries
    with_services
    check_browser
}

check_browser() {
    if ! browser_tools; then
        skipped "the dashboard and the stop page in a browser (it needs Chromium, Node.js 18 with npm, a font with Devanagari, and npm's registry)"
        return 0
    fi
    # The demo's own steps, in a folder of their own.
    DEMO_DIR=$DEV_DIR/browser DEMO_STARTED=$SECONDS
    stage_open "$DEMO_DIR" browser
    browser_accounts
    stop_page_settings
    inbox_settings
    stage_simulator
    stage_worker
    demo_portal
    demo_publish
    demo_watch
    browser_case
    browser_run
    browser_inbox
    browser_doors
    browser_stop_page
    browser_smaller_pictures
    stop_children
    stage_drop_databases "$DEMO_DIR"
}

# Installs the packages of npm as pinned in the lock file.
browser_tools() {
    has_tool chromium && has_tool node && has_tool font || return 1
    (cd "$ROOT/testing/browser" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
}

browser_accounts() {
    STAGE_ADMIN=127.0.0.1:$(free_port)
    local account
    for account in "maya --role operator" "ram --role viewer" "asha --role care"; do
        # shellcheck disable=SC2086  # two words and a name
        printf '%s\n' "$BROWSER_PASSWORD" | env -i "${STAGE_ENVIRONMENT[@]}" "$(program worker)" admin-hash $account
    done >"$DEMO_DIR/admin-users"
    STAGE_ENVIRONMENT+=(ADMIN_ADDR="$STAGE_ADMIN" ADMIN_USERS_FILE="$DEMO_DIR/admin-users")
}

# People write by WhatsApp, and welcomes go by SMS as before.
inbox_settings() {
    STAGE_ENVIRONMENT+=(
        TWILIO_WHATSAPP_FROM=whatsapp:+14155238886
        INBOX_KEY=202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
    )
}

# What the page must show of the demo; then an invented month for the charts, and a few open cases.
browser_case() {
    browser_settled
    BROWSER_EXPECTED=$(psql_on "$STAGE_DATABASE_URL" -c "
        SELECT count(*) || ' ' || count(*) FILTER (WHERE welcome_status = 'delivered')
        FROM onboarding_status JOIN users USING (user_id) WHERE enqueued_at IS NOT NULL")
    psql_on "$STAGE_DATABASE_URL" -1 -f - <"$ROOT/testing/browser/history.sql" >/dev/null
}

# Callbacks of the last messages come after their outcome; what is expected of the page is counted after the last one.
browser_settled() {
    local tries open
    for ((tries = 0; tries < 60; tries++)); do
        open=$(psql_on "$STAGE_DATABASE_URL" -c "
            SELECT count(*) FROM attempts
            WHERE outcome = 'accepted' AND twilio_status IN ('accepted', 'queued', 'sending', 'sent')")
        ((open == 0)) && return 0
        sleep 0.5
    done
    die 1 "$open messages of the demo have no last status after 30 seconds"
}

# BROWSER_SCREENS=docs/screens also takes the pictures of docs/dashboard.md and docs/admin.md.
browser_run() {
    ADMIN_URL="http://$STAGE_ADMIN" ADMIN_PASSWORD=$BROWSER_PASSWORD EXPECTED=$BROWSER_EXPECTED \
        SCREENS=${BROWSER_SCREENS:-} CHROMIUM="$(command -v chromium)" node "$ROOT/testing/browser/dashboard.mjs"
}

browser_inbox() {
    local phone
    phone=$(psql_on "$STAGE_DATABASE_URL" -c "SELECT phone_e164 FROM users WHERE user_id = 'live-1'")
    ADMIN_URL="http://$STAGE_ADMIN" ADMIN_PASSWORD=$BROWSER_PASSWORD PHONE=$phone \
        SIMULATOR_URL="http://$STAGE_SIMULATOR" WEBHOOK_URL="http://$STAGE_WEBHOOK" \
        SCREENS=${BROWSER_SCREENS:-} CHROMIUM="$(command -v chromium)" node "$ROOT/testing/browser/inbox.mjs"
}

browser_smaller_pictures() {
    local screens=${BROWSER_SCREENS:-}
    if [[ -n $screens ]] && has pngquant; then
        pngquant --force --ext .png --speed 1 --quality 50-90 "$screens"/*.png
    fi
}

# After the pictures: nobody wants these texts in them.
browser_doors() {
    psql_on "$STAGE_DATABASE_URL" -1 -f - <"$ROOT/testing/browser/hostile.sql" >/dev/null
    ADMIN_URL="http://$STAGE_ADMIN" ADMIN_PASSWORD=$BROWSER_PASSWORD CHROMIUM="$(command -v chromium)" \
        node "$ROOT/testing/browser/doors.mjs"
}
