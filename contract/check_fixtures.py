"""Holds the fixtures against the published JSON Schemas, with a validator that shares no code with ours.

What a schema accepts, the worker must welcome. The other way round the worker is more lenient, by design.
"""

import json
import sys
from pathlib import Path

try:
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError:
    print("skipped: the Python package jsonschema is not installed")
    sys.exit(0)

HERE = Path(__file__).resolve().parent
# Read by the worker although the schema refuses them: old or careless publishers.
LENIENT = {
    "v1/phone_fraction.json",
    "v1/phone_short_fraction.json",
    "v1/unknown_kind.json",
    "v1/signup_unreadable_profile.json",
    "v1/signup_unknown_consent.json",
    "v1/signup_21_consents.json",
    "v1/signup_consents_object.json",
    "v1/profile_changed_phone_fraction.json",
    "v1/profile_changed_unknown_kind.json",
    "v1/profile_changed_zone_integer.json",
    "v1/consent_changed_wording_empty.json",
    "v1/loss_reported_by_integer.json",
    "v1/loss_reported_by_object.json",
    "v1/loss_reported_by_200_characters.json",
}
# Published by the worker. Consumers ignore unknown fields, so that the schemas allow them.
OUT = ("onboarding.consent_recorded", "onboarding.number_rejected", "message.received")
NAMES = ("signed_up", "backfill", "profile_changed", "consent_changed", "loss_reported", "erased")


def schema(name, subject="user"):
    document = json.loads((HERE / f"{subject}.{name}.v1.schema.json").read_text())
    Draft202012Validator.check_schema(document)
    # Only calendar dates: the worker reads more forms of a time than the format date-time has.
    return Draft202012Validator(document, format_checker=FormatChecker(formats=["date"]))


def main():
    schemas = {name: schema(name) for name in NAMES}
    passed, failed = 0, 0
    for line in (HERE / "fixtures/expected.tsv").read_text().splitlines()[1:]:
        file, result, _, _ = line.split("\t")
        if file.startswith("v0/") or result == "dead_letter:malformed":
            continue
        event = json.loads((HERE / "fixtures" / file).read_text())
        names = [result] if result in schemas else list(schemas)
        conforms = any(schemas[name].is_valid(event) for name in names)
        expected = result in schemas and file not in LENIENT
        if conforms == expected:
            passed += 1
        else:
            failed += 1
            print(f"{file}: {result}, yet the schema {'accepts' if conforms else 'refuses'} it")
    for subject, name in (full.split(".") for full in OUT):
        event = json.loads((HERE / f"fixtures/out/{name}.json").read_text())
        incomplete = {**event, "data": {}}
        validator = schema(name, subject)
        if validator.is_valid(event) and not validator.is_valid(incomplete):
            passed += 1
        else:
            failed += 1
            print(f"out/{name}.json: the schema does not describe it")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
