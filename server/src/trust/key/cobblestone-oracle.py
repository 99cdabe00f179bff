"""The second opinion on our sealing: pyca/cryptography's own Cobblestone (50 or later), or its HKDF and AES-GCM put together.

Reads one JSON array of {do: "seal" | "open" | "object", ...} from standard input and writes one array of answers. Bytes are hex.
"""

import json
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK = 16 * 1024
LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"


def derive(key, salt, context):
    okm = HKDFExpand(SHA512(), 76, LABEL + salt + context).derive(key)
    return AESGCM(okm[:32]), okm[32:44], okm[44:]


def nonce(base, index):
    return (int.from_bytes(base, "big") ^ index).to_bytes(12, "big")


def seal(key, context, plain):
    import os

    salt = os.urandom(24)
    aes, base, commitment = derive(key, salt, context)
    count = len(plain) // CHUNK + 1
    chunks = (aes.encrypt(nonce(base, i), plain[i * CHUNK : (i + 1) * CHUNK], None) for i in range(count))
    return salt + commitment + b"".join(chunks)


def open_sealed(key, context, sealed):
    aes, base, commitment = derive(key, sealed[:24], context)
    if sealed[24:56] != commitment:
        raise InvalidTag
    body, size = sealed[56:], CHUNK + 16
    count = len(body) // size + 1
    return b"".join(aes.decrypt(nonce(base, i), body[i * size : (i + 1) * size], None) for i in range(count))


try:
    from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor

    def seal(key, context, plain):
        encryptor = Cobblestone256Encryptor(key, context=context)
        return encryptor.update(plain) + encryptor.finalize()

    def open_sealed(key, context, sealed):
        decryptor = Cobblestone256Decryptor(key, context=context)
        return decryptor.update(sealed) + decryptor.finalize()

except ImportError:
    pass


def bind(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def seal_object(seed, tenant, generation, purpose, kind, object_id, version, plain):
    """Our own layer: purpose key from the seed, outer header, context."""
    info = b"factotum/key/v1" + bind(tenant.encode(), str(generation).encode(), purpose.encode())
    key = HKDFExpand(SHA512(), 32, info).derive(seed)
    header = b"\x01\x01" + struct.pack(">I", generation)
    context = bind(b"factotum/obj/v1", header, tenant.encode(), kind.encode(), object_id.encode(), str(version or "").encode())
    return header + seal(key, context, plain)


def answer(ask):
    data = {name: bytes.fromhex(ask[name]) for name in ("key", "context", "plain", "sealed", "seed") if name in ask}
    if ask["do"] == "seal":
        return seal(data["key"], data["context"], data["plain"]).hex()
    if ask["do"] == "open":
        return open_sealed(data["key"], data["context"], data["sealed"]).hex()
    names = [ask[name] for name in ("tenant", "generation", "purpose", "kind", "id", "version")]
    return seal_object(data["seed"], *names, data["plain"]).hex()


print(json.dumps([answer(ask) for ask in json.load(sys.stdin)]))
