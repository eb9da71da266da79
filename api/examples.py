"""How problems appear in the OpenAPI document of an operation."""

from typing import Any

from api.problems import MEDIA_TYPE, Problem

Answers = dict[int | str, dict[str, Any]]

SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "bad-request": ("The operator of this integration cannot take sessions; change the integration.", {}),
    "bad-cursor": ("Use next_cursor of the page before, unchanged.", {}),
    "client-header-missing": ("Send the header X-Tasuki-Client: console together with the cookie.", {}),
    "signature-wrong": ("Sign with the integration's secret, as Standard Webhooks says, and check the clock.", {}),
    "unauthenticated": ("Send an access token or an API key as 'Authorization: Bearer …'.", {}),
    "sign-in-failed": (
        (
            "Company, login or password is wrong, or you cannot sign in from here at the moment."
            " An administrator of your organisation sees why."
        ),
        {},
    ),
    "refresh-refused": ("Sign in again: the refresh token is unknown or has expired.", {}),
    "token-refused": ("Sign in again: the access of this operator has changed.", {}),
    "forbidden": ("Only an administrator can do this for another operator.", {}),
    "scope-missing": (
        "This needs the scope sessions:write; ask an administrator of your organisation.",
        {"scope": "sessions:write"},
    ),
    "operator-suspended": ("Your access is suspended; ask an administrator of your organisation.", {}),
    "mfa-required": (
        "The password is right, and the second step is missing: go on with POST /v1/auth/mfa/verify.",
        {"mfa_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6…", "methods": ["passkey", "totp", "recovery"], "expires_in": 600},
    ),
    "mfa-enrolment-required": (
        "Your organisation wants a second factor: set one up now, with mfa_token as the bearer token.",
        {"mfa_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6…", "methods": ["passkey", "totp", "email"], "expires_in": 600},
    ),
    "machine-required": (
        "Your organisation lets you in from registered machines only; register this one with: tasuki login --register-machine",
        {"mfa_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6…", "machine": "unknown"},
    ),
    "second-step-failed": ("The code is wrong, too old or was used before; try the next one.", {}),
    "step-up-required": (
        "Confirm that it is you with POST /v1/auth/step-up, then do this again.",
        {"methods": ["totp", "passkey"]},
    ),
    "password-change-required": (
        "This is a one-time password; set your own with POST /v1/auth/password.",
        {},
    ),
    "network-not-allowed": ("192.0.2.7 is in none of the networks your organisation allows; use one of those.", {}),
    "mode-not-allowed": (
        "This operator may not use the mode control; ask an administrator.",
        {"mode": "control"},
    ),
    "policy-refused": (
        "A reference or a reason is needed for a session.",
        {
            "refused_because": [
                {"member": "reason_required", "sentence": "A reference or a reason is needed for a session."}
            ]
        },
    ),
    "origin-not-allowed": ("Use the console at http://localhost:8080.", {}),
    "not-found": ("There is nothing with this id in your organisation.", {}),
    "invitation-not-valid": ("Ask an administrator of your organisation for a new invitation.", {}),
    "code-not-valid": ("Check the digits, or ask the operator for a new code.", {}),
    "device-disabled": ("This device is disabled; an administrator of the organisation can enable it.", {}),
    "connection-not-allowed": (
        "You are not on the list of those who may connect to this device; ask an administrator.",
        {"because": ["not-listed"]},
    ),
    "device-unavailable": (
        "This device is offline; is it switched on, with `tasuki device run`?",
        {"because": ["offline"]},
    ),
    "device-wiped": ("The enrolment of this device was wiped; delete its key. Enrol it again to use it.", {}),
    "enrolment-refused": ("The enrolment token is unknown, expired or used up; ask for a new one.", {}),
    "conflict": ("You cannot suspend yourself or give up your own role; ask another administrator.", {}),
    "customer-forgotten": ("The customer of this session was forgotten; nothing more is kept about it.", {}),
    "legal-hold": (
        "A legal hold says that this must be kept; lift it first, with DELETE /v1/legal-holds/{hold_id}.",
        {"holds": ["hld_01KAH2V5QJ6T8N3W9XZB4C7D0E"]},
    ),
    "already-exists": ("There is an operator with the login bob; choose another login.", {}),
    "already-picked-up": ("Somebody else was faster; take the next one.", {}),
    "receipt-not-yet": ("The session still runs; its receipt is made when it is over.", {"state": "active"}),
    "receipt-gone": ("The customer of this session was forgotten, and the receipt with them.", {}),
    "session-ended": ("Start a new session.", {"ended_by": "operator", "reason": "solved"}),
    "idempotency-key-reused": ("This Idempotency-Key was used with another request; use a new key.", {}),
    "payload-too-large": ("A request has at most 262144 bytes.", {}),
    "invalid": (
        "#/name: String should have at least 1 character",
        {"errors": [{"detail": "String should have at least 1 character", "pointer": "#/name"}]},
    ),
    "too-many-requests": ("Too many attempts; try again in 840 seconds.", {}),
    "unavailable": ("Try again in a few seconds.", {}),
    "no-relay": ("No relay is connected to this server; start one and try again.", {}),
    "url-not-allowed": ("The host crm.example.com leads into a private or reserved network.", {}),
}
"""What problems say in examples, by slug, as callers really hear it, and the further members they carry."""


def answers(*kinds: type[Problem]) -> Answers:
    """The `responses` of a route that can raise `kinds`; kinds of one status share an entry, each with its example."""
    found: Answers = {}
    for kind in kinds:
        entry = found.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["description"] = "; or: ".join(filter(None, [entry["description"], f"{kind.title} (`{kind.slug}`)"]))
        entry["content"][MEDIA_TYPE]["examples"][kind.slug] = {"value": example(kind)}
    return found


def example(kind: type[Problem]) -> dict[str, Any]:
    """A problem document of a kind."""
    detail, members = SAID[kind.slug]
    return kind.document(detail, "req_01KAH2V5QJ6T8N3W9XZB4C7D0E", members)


def add(responses: dict[str, Any], *kinds: type[Problem]) -> None:
    """Put kinds into the responses of an operation of the document, beside those that are there."""
    for status, answer in answers(*kinds).items():
        present = responses.setdefault(str(status), answer)
        if present is answer:
            continue
        examples = present["content"][MEDIA_TYPE]["examples"]
        for slug, value in answer["content"][MEDIA_TYPE]["examples"].items():
            if slug not in examples:
                examples[slug] = value
                present["description"] = f"{present['description']}; or: {value['value']['title']} (`{slug}`)"
