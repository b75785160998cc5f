"""COSE by cwt (github.com/dajiaji/python-cwt); runs in an environment of its own, see `tests.wire.foreign`."""

# mypy: ignore-errors
# (the libraries are not in the environment that mypy looks at)

import json
import sys

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cwt import COSE, COSEKey

PEM = Encoding.PEM
PKCS8 = PrivateFormat.PKCS8


def verify(cose, payload, public, kid):
    """Whether an Ed25519 signature over the detached payload is good."""
    key = COSEKey.new({1: 1, 3: -8, -1: 6, -2: bytes.fromhex(public), 2: bytes.fromhex(kid)})
    try:
        COSE.new(verify_kid=True).decode(bytes.fromhex(cose), key, detached_payload=bytes.fromhex(payload))
    except Exception as error:
        return str(error)
    return "ok"


def sign_ed25519(payload, seed, kid):
    """A COSE_Sign1 with detached payload."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    return _sign(payload, key.private_bytes(PEM, PKCS8, NoEncryption()), -8, kid)


def sign_es256(payload, number, kid):
    """A COSE_Sign1 with detached payload by the P-256 key with this private number; with the key's point."""
    key = derive_private_key(number, SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return [_sign(payload, key.private_bytes(PEM, PKCS8, NoEncryption()), -7, kid), point.hex()]


def _sign(payload, pem, algorithm, kid):
    kid = bytes.fromhex(kid)
    signed = COSE.new().encode_and_sign(
        bytes.fromhex(payload), COSEKey.from_pem(pem, kid=kid), protected={1: algorithm}, unprotected={4: kid}
    )
    tagged = cbor2.loads(signed)
    protected, unprotected, _, signature = tagged.value
    return cbor2.dumps(cbor2.CBORTag(tagged.tag, [protected, unprotected, None, signature]), canonical=True).hex()


if __name__ == "__main__":
    function, arguments = json.load(sys.stdin)
    functions = {"verify": verify, "sign_ed25519": sign_ed25519, "sign_es256": sign_es256}
    json.dump(functions[function](**arguments), sys.stdout)
