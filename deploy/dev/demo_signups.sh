# shellcheck shell=bash
# The live signups of the demo: invented people, numbers as people type them.

demo_publish() {
    step "publishing $DEMO_LIVE live signups"
    demo_signups >"$DEMO_DIR/signups.jsonl"
    stage_run signup signup --format jsonl "$DEMO_DIR/signups.jsonl"
}

# Every second one agrees to WhatsApp.
demo_signups() {
    local i consents
    for ((i = 1; i <= DEMO_LIVE; i++)); do
        consents=
        ((i % 2 == 0)) || consents=',"consents":[{"purpose":"onboarding","channel":"whatsapp","action":"grant"}]'
        printf '{"user_id":"live-%d","phone_number":"%s"%s}\n' "$i" "$(demo_phone "$i")" "$consents"
    done
}

demo_phone() {
    local number
    number=$(printf '98412%05d' "$1")
    case $(($1 % 10)) in
    1) echo "$number" ;;
    2) echo "+977$number" ;;
    3) echo "0$number" ;;
    4) echo "00977 ${number:0:3}-${number:3}" ;;
    5) devanagari "$number" ;;
    6) echo "+977 (0) $number" ;;
    # A number of the sample portal, a landline, one too short, none.
    7) echo "9807969278" ;;
    8) echo "01-4412345" ;;
    9) echo "98412" ;;
    0) echo "" ;;
    esac
}

# Digit by digit, so that it works in any locale.
devanagari() {
    local i digits=(० १ २ ३ ४ ५ ६ ७ ८ ९)
    for ((i = 0; i < ${#1}; i++)); do
        printf '%s' "${digits[${1:i:1}]}"
    done
    printf '\n'
}
