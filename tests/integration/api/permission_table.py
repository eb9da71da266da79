"""Who may call what: one line for each operation of the api, written by hand and reviewed (R01, R28).

`nobody` needs no credential (it takes a proof of its own in its body, or is public). A scope alone: any caller whose role or
key has it. `+ person`: not with a key. `+ fresh`: in person, and proved a few minutes ago. `relay`, `device`,
`resume_ticket`: only that kind of token. A new route fails test_permissions.py until its line is here.
"""

TABLE = """
POST   /v1/auth/token                                     nobody
POST   /v1/auth/password                                  nobody
POST   /v1/auth/refresh                                   nobody
POST   /v1/auth/logout                                    nobody
POST   /v1/auth/console-link                              me:write + fresh
POST   /v1/auth/console                                   nobody
GET    /v1/me                                             me:read
POST   /v1/auth/mfa/challenge                             nobody
POST   /v1/auth/mfa/verify                                nobody
POST   /v1/auth/step-up/challenge                         me:write + person
POST   /v1/auth/step-up                                   me:write + person
GET    /v1/auth/mfa                                       me:read
POST   /v1/auth/mfa/totp                                  me:write + fresh
POST   /v1/auth/mfa/totp/confirm                          me:write + fresh
POST   /v1/auth/mfa/email                                 me:write + fresh
POST   /v1/auth/mfa/email/confirm                         me:write + fresh
POST   /v1/auth/mfa/sms                                   me:write + fresh
POST   /v1/auth/mfa/sms/confirm                           me:write + fresh
DELETE /v1/auth/mfa/{method}                              me:write + fresh
POST   /v1/auth/mfa/recovery-codes                        me:write + fresh
POST   /v1/auth/passkeys/sign-in/options                  nobody
POST   /v1/auth/passkeys/sign-in                          nobody
POST   /v1/auth/passkeys/options                          me:write + fresh
POST   /v1/auth/passkeys                                  me:write + fresh
GET    /v1/auth/passkeys                                  me:read
DELETE /v1/auth/passkeys/{passkey_id}                     me:write + fresh
GET    /v1/me/sign-ins                                    me:read
DELETE /v1/me/sign-ins/{sign_in_id}                       me:write + person
GET    /v1/operators/{operator_id}/sign-ins               operators:read
DELETE /v1/operators/{operator_id}/sign-ins/{sign_in_id}  operators:write + person
POST   /v1/auth/machine-challenge                         nobody
POST   /v1/machines                                       me:write + fresh
GET    /v1/machines                                       me:read
PATCH  /v1/machines/{machine_id}                          operators:write + fresh
DELETE /v1/machines/{machine_id}                          me:write + fresh
POST   /v1/sessions                                       sessions:write
GET    /v1/sessions                                       sessions:read
GET    /v1/sessions/{session_id}                          sessions:read
PATCH  /v1/sessions/{session_id}                          sessions:write
GET    /v1/sessions/{session_id}/events                   sessions:read
GET    /v1/sessions/{session_id}/participants             sessions:read
GET    /v1/sessions/{session_id}/receipt                  sessions:read
GET    /v1/receipt                                        resume_ticket
PUT    /v1/receipt/facts                                  resume_ticket
POST   /v1/sessions/{session_id}/ticket                   sessions:write
POST   /v1/sessions/{session_id}/end                      sessions:write
POST   /v1/sessions/{session_id}/transfer                 sessions:write
GET    /v1/sessions/{session_id}/colleagues               sessions:read
GET    /v1/sessions/{session_id}/guests                   sessions:read
POST   /v1/sessions/{session_id}/guests                   sessions:write
DELETE /v1/sessions/{session_id}/guests/{operator_id}     sessions:write
POST   /v1/sessions/{session_id}/invite                   sessions:write
GET    /v1/queue                                          sessions:read
POST   /v1/sessions/{session_id}/pick-up                  sessions:write
POST   /v1/sessions/{session_id}/refuse                   sessions:write
GET    /v1/join/queue                                     resume_ticket
POST   /v1/join/preview                                   nobody
POST   /v1/join                                           nobody
POST   /v1/resume                                         resume_ticket
GET    /v1/operators                                      operators:read
POST   /v1/operators                                      operators:write + person
GET    /v1/operators/{operator_id}                        operators:read
PATCH  /v1/operators/{operator_id}                        operators:write
DELETE /v1/operators/{operator_id}                        operators:write + fresh
POST   /v1/operators/{operator_id}/reset-password         operators:write + fresh
POST   /v1/operators/{operator_id}/reset-second-factor    operators:write + fresh
POST   /v1/operators/{operator_id}/unlock                 operators:write + person
POST   /v1/operators/{operator_id}/invite                 operators:write + fresh
POST   /v1/auth/invitation                                nobody
GET    /v1/organization                                   organization:read
PATCH  /v1/organization                                   organization:write
POST   /v1/organization/entry-link                        organization:write + fresh
DELETE /v1/organization/entry-link                        organization:write + fresh
GET    /v1/policies                                       policies:read
POST   /v1/policies                                       policies:write
GET    /v1/policies/{policy_id}                           policies:read
PATCH  /v1/policies/{policy_id}                           policies:write + fresh
DELETE /v1/policies/{policy_id}                           policies:write + fresh
GET    /v1/operators/{operator_id}/effective-policy       policies:read
POST   /v1/devices/enrol                                  nobody
POST   /v1/devices/challenge                              nobody
POST   /v1/devices/token                                  nobody
PUT    /v1/devices/me                                     device
DELETE /v1/devices/me                                     device
GET    /v1/devices/me/wait                                device
POST   /v1/devices/me/sessions/{session_id}/join          device
GET    /v1/devices                                        devices:read
GET    /v1/devices/{device_id}                            devices:read
PATCH  /v1/devices/{device_id}                            devices:write
DELETE /v1/devices/{device_id}                            devices:write + fresh
POST   /v1/devices/{device_id}/disable                    devices:write
POST   /v1/devices/{device_id}/enable                     devices:write
POST   /v1/devices/{device_id}/wipe                       devices:write + fresh
POST   /v1/devices/{device_id}/sessions                   devices:connect
GET    /v1/device-groups                                  devices:read
POST   /v1/device-groups                                  devices:write
GET    /v1/device-groups/{group_id}                       devices:read
PATCH  /v1/device-groups/{group_id}                       devices:write
DELETE /v1/device-groups/{group_id}                       devices:write
GET    /v1/device-enrolments                              devices:read
POST   /v1/device-enrolments                              devices:write + fresh
DELETE /v1/device-enrolments/{enrolment_id}               devices:write
GET    /v1/api-keys                                       api-keys:read
POST   /v1/api-keys                                       api-keys:write + fresh
POST   /v1/api-keys/{key_id}/rotate                       api-keys:write + fresh
DELETE /v1/api-keys/{key_id}                              api-keys:write
GET    /v1/integrations                                   integrations:read
POST   /v1/integrations                                   integrations:write
DELETE /v1/integrations/{integration_id}                  integrations:write
POST   /v1/hooks/{integration_id}                         nobody
GET    /v1/webhook-endpoints                              webhooks:read
POST   /v1/webhook-endpoints                              webhooks:write
DELETE /v1/webhook-endpoints/{endpoint_id}                webhooks:write
GET    /v1/webhook-endpoints/{endpoint_id}/deliveries     webhooks:read
GET    /v1/relays                                         relays:read
POST   /v1/relays/register                                relay
POST   /v1/relays/heartbeat                               relay
GET    /v1/relays/commands                                relay
POST   /v1/relays/reports                                 relay
GET    /v1/audit-events                                   audit:read
GET    /v1/audit-events/checkpoint                        audit:read
GET    /v1/audit-events/consistency                       audit:read
GET    /v1/audit-events/export                            audit:read
GET    /v1/audit-events/{event_id}/proof                  audit:read
GET    /v1/reports/sessions                               reports:read
GET    /v1/reports/events                                 reports:read
GET    /v1/reports/sign-ins                               reports:read
GET    /v1/reports/usage                                  reports:read
GET    /v1/organization/retention                         organization:read
GET    /v1/customers                                      customers:read
GET    /v1/customers/{customer_id}                        customers:read
POST   /v1/customers/forget                               customers:forget + fresh
GET    /v1/organization/keys                              organization:read
POST   /v1/organization/keys/rotate                       organization:write + fresh
GET    /v1/legal-holds                                    holds:read
POST   /v1/legal-holds                                    holds:write
DELETE /v1/legal-holds/{hold_id}                          holds:write + fresh
GET    /.well-known/jwks.json                             nobody
GET    /healthz                                           nobody
GET    /readyz                                            nobody
GET    /problems/{slug}                                   nobody
"""
