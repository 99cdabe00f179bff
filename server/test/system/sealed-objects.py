"""Opens what Factotum sealed, with Debian's python3-cryptography and nothing of ours: HKDF-Expand, AES-256-GCM, and the format as documented.

Reads a JSON list from standard input, bytes as hex, and writes the list of answers as hex: the plaintext of {seed, tenant, generation, purpose,
kind, id, version, sealed}, the MAC of {seed, tenant, generation, domain, parts}. Anything that does not open ends it with an error.
"""

import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, TAG, SALT, COMMITMENT, HEADER = 16 * 1024, 16, 24, 32, 6
LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


def bind(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def purpose_key(seed, tenant, generation, purpose):
    info = b"factotum/key/v1" + bind(tenant.encode(), str(generation).encode(), purpose.encode())
    return HKDFExpand(SHA512(), 32, info).derive(seed)


def open_object(vector):
    sealed, seed = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["seed"])
    header, rest = sealed[:HEADER], sealed[HEADER:]
    if header != b"\x01\x01" + struct.pack(">I", vector["generation"]):
        raise ValueError("another format or generation")
    version = "" if vector["version"] is None else str(vector["version"])
    context = bind(b"factotum/obj/v1", header, *(text.encode() for text in (vector["tenant"], vector["kind"], vector["id"], version)))
    key = purpose_key(seed, vector["tenant"], vector["generation"], vector["purpose"])
    salt, commitment, body = rest[:SALT], rest[SALT : SALT + COMMITMENT], rest[SALT + COMMITMENT :]
    okm = HKDFExpand(SHA512(), 76, LABEL + salt + context).derive(key)
    if not hmac.compare_digest(okm[44:], commitment):
        raise ValueError("made with another key or for another object")
    aes, base = AESGCM(okm[:32]), int.from_bytes(okm[32:44], "big")
    count = len(body) // (CHUNK + TAG) + 1
    pieces = (body[i * (CHUNK + TAG) : (i + 1) * (CHUNK + TAG)] for i in range(count))
    return b"".join(aes.decrypt((base ^ i).to_bytes(12, "big"), piece, None) for i, piece in enumerate(pieces))


def mac(vector):
    key = purpose_key(bytes.fromhex(vector["seed"]), vector["tenant"], vector["generation"], "index")
    return hmac.new(key, bind(vector["domain"].encode(), *(part.encode() for part in vector["parts"])), hashlib.sha256).digest()


vectors = json.load(sys.stdin)
print(json.dumps([(mac(vector) if "domain" in vector else open_object(vector)).hex() for vector in vectors]))
