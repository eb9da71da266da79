"""ML-KEM-768 encapsulation in plain Python (FIPS 203), with the randomness handed in.

The cryptography library draws it by itself, so it cannot make vectors twice alike. This is slow, not constant in time and only
for tests; tests/unit/wire/test_wycheproof.py holds it against the published vectors.
"""

import hashlib
from typing import Final

Q: Final = 3329
N: Final = 256
K: Final = 3
ETA: Final = 2
DU, DV = 10, 4
Poly = list[int]


def _reversed_bits(value: int) -> int:
    return int(f"{value:07b}"[::-1], 2)


ZETAS: Final = [pow(17, _reversed_bits(i), Q) for i in range(128)]
GAMMAS: Final = [pow(17, 2 * _reversed_bits(i) + 1, Q) for i in range(128)]


def _ntt(poly: Poly) -> Poly:
    """FIPS 203, algorithm 9."""
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j + length], f[j] = (f[j] - t) % Q, (f[j] + t) % Q
        length //= 2
    return f


def _ntt_inverse(poly: Poly) -> Poly:
    """Algorithm 10."""
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [value * 3303 % Q for value in f]


def _multiply(f: Poly, g: Poly) -> Poly:
    """Algorithms 11 and 12."""
    h = []
    for i in range(128):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        h += [(a0 * b0 + a1 * b1 * GAMMAS[i]) % Q, (a0 * b1 + a1 * b0) % Q]
    return h


def _add(*polys: Poly) -> Poly:
    return [sum(values) % Q for values in zip(*polys, strict=True)]


def _bits(data: bytes) -> list[int]:
    return [byte >> i & 1 for byte in data for i in range(8)]


def _encode(poly: Poly, d: int) -> bytes:
    """Algorithm 5."""
    value = sum(number << (d * i) for i, number in enumerate(poly))
    return value.to_bytes(32 * d, "little")


def _decode(data: bytes, d: int) -> Poly:
    """Algorithm 6."""
    value = int.from_bytes(data, "little")
    return [(value >> (d * i)) % (1 << d) for i in range(N)]


def _compress(poly: Poly, d: int) -> Poly:
    return [((value << (d + 1)) + Q) // (2 * Q) % (1 << d) for value in poly]


def _sample_uniform(seed: bytes) -> Poly:
    """Algorithm 7."""
    stream = hashlib.shake_128(seed).digest(3 * N * 2)
    values: Poly = []
    for at in range(0, len(stream), 3):
        a, b, c = stream[at : at + 3]
        for value in (a + 256 * (b % 16), b // 16 + 16 * c):
            if value < Q and len(values) < N:
                values.append(value)
    if len(values) < N:
        raise AssertionError("the stream was too short")
    return values


def _noise(seed: bytes, counter: int) -> Poly:
    """Algorithm 8 on PRF output."""
    bits = _bits(hashlib.shake_256(seed + bytes([counter])).digest(64 * ETA))
    return [
        (sum(bits[2 * i * ETA : (2 * i + 1) * ETA]) - sum(bits[(2 * i + 1) * ETA : (2 * i + 2) * ETA])) % Q
        for i in range(N)
    ]


def encapsulate(public: bytes, randomness: bytes) -> tuple[bytes, bytes]:
    """`(shared secret, ciphertext)` for a key of 1,184 bytes and 32 bytes of randomness: algorithms 14 and 17."""
    hashed = hashlib.sha3_512(randomness + hashlib.sha3_256(public).digest()).digest()
    secret, coins = hashed[:32], hashed[32:]
    t = [_decode(public[384 * i : 384 * (i + 1)], 12) for i in range(K)]
    rho = public[384 * K :]
    y = [_ntt(_noise(coins, i)) for i in range(K)]
    e1, e2 = [_noise(coins, K + i) for i in range(K)], _noise(coins, 2 * K)
    u = []
    for i in range(K):
        row = [_multiply(_sample_uniform(rho + bytes([i, j])), y[j]) for j in range(K)]
        u.append(_add(_ntt_inverse(_add(*row)), e1[i]))
    message = [bit * ((Q + 1) // 2) for bit in _bits(randomness)]
    v = _add(_ntt_inverse(_add(*(_multiply(t[i], y[i]) for i in range(K)))), e2, message)
    ciphertext = b"".join(_encode(_compress(part, DU), DU) for part in u) + _encode(_compress(v, DV), DV)
    return secret, ciphertext
