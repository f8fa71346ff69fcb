"""Reads [[region, text], ...] from standard input; prints the mean seconds per number."""

import json
import sys
import time

import phonenumbers


def read(region, text):
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


forms = json.load(sys.stdin)
for form in forms:
    read(*form)
began, passes = time.perf_counter(), 0
while time.perf_counter() - began < 1:
    for form in forms:
        read(*form)
    passes += 1
print((time.perf_counter() - began) / (passes * len(forms)))
