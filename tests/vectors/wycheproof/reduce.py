"""Makes the reduced files from the original ones: `python -m tests.vectors.wycheproof.reduce path/to/testvectors_v1`."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COMMIT = "dac1dd4"
Vector = dict[str, Any]
OF_EACH_KIND = 20
"""Cases kept of one kind (flags and result) of the large ML-KEM sets."""


def _few(vectors: list[Vector]) -> list[Vector]:
    seen: Counter[str] = Counter()
    kept = []
    for vector in vectors:
        kind = f"{sorted(vector['flags'])} {vector['result']}"
        seen[kind] += 1
        if seen[kind] <= OF_EACH_KIND:
            kept.append(vector)
    return kept


def _fits(group: Vector, **wanted: int) -> bool:
    return all(group.get(name) == value for name, value in wanted.items())


def _tests(groups: list[Vector], **wanted: int) -> list[Vector]:
    return [test for group in groups if _fits(group, **wanted) for test in group["tests"]]


def _with_key(groups: list[Vector], name: Callable[[Vector], Any]) -> list[Vector]:
    return [{**test, "key": name(group)} for group in groups for test in group["tests"]]


def _jwk(group: Vector) -> Vector:
    return {name: group["publicKeyJwk"][name] for name in ("kty", "crv", "x", "y")}


FILES: dict[str, tuple[list[str], Callable[[list[Vector]], list[Vector]]]] = {
    "x25519": (["public", "private", "shared"], _tests),
    "ed25519": (["key", "msg", "sig"], lambda groups: _with_key(groups, lambda g: g["publicKey"]["pk"])),
    "hkdf_sha256": (["ikm", "salt", "info", "size", "okm"], _tests),
    "hmac_sha256": (["key", "msg", "tag"], lambda groups: _tests(groups, tagSize=256)),
    "aes_gcm": (["key", "iv", "aad", "msg", "ct", "tag"], lambda g: _tests(g, keySize=256, ivSize=96, tagSize=128)),
    "mlkem_768": (["seed", "c", "K"], lambda groups: _few(_tests(groups))),
    "mlkem_768_encaps": (["m", "ek", "c", "K"], lambda groups: _few(_tests(groups))),
    "ecdsa_secp256r1_sha256_p1363": (
        ["key", "msg", "sig"],
        lambda groups: _with_key([g for g in groups if "publicKeyJwk" in g], _jwk),
    ),
}


def main() -> int:
    for name, (members, choose) in FILES.items():
        whole = json.loads((Path(sys.argv[1]) / f"{name}_test.json").read_text())
        rows = [
            {"tcId": test["tcId"], **{member: test.get(member, "") for member in members}, "result": test["result"]}
            for test in choose(whole["testGroups"])
        ]
        head = {"source": f"C2SP/wycheproof@{COMMIT} testvectors_v1/{name}_test.json", "license": "Apache-2.0"}
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        (HERE / f"{name}.json").write_text(f'{{"about": {json.dumps(head)},\n"tests": [\n{lines}\n]}}\n')
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
