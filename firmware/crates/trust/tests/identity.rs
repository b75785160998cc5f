//! The device's signatures, against the library's own.

use ed25519_dalek::{Signer as _, SigningKey};
use petiole_trust::{DeviceKey, sha256};

#[test]
fn a_proof_is_the_signature_of_rfc_8032() {
    let mut seed = [0; 32];
    for round in 0_u8..32 {
        let nonce = sha256(&[&seed, &[round]]);
        let (ours, theirs) = (DeviceKey::from_seed(&seed), SigningKey::from_bytes(&seed));
        assert_eq!(ours.public(), theirs.verifying_key().to_bytes());
        let message = [b"petiole-prove-1".as_slice(), &nonce].concat();
        let signature = ours.prove(&nonce);
        assert_eq!(signature, theirs.sign(&message).to_bytes());
        seed = sha256(&[&signature]);
    }
}
