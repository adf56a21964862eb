//! A text that is accepted as an API key is one: it reads as it was written, has the prefix, and can be recognised by
//! its digest.

#![no_main]

use chatgrow_domain::PlainApiKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(key) = PlainApiKey::parse(text) {
        assert_eq!(key.reveal(), text);
        assert!(text.starts_with("cg_live_"));
        let again = PlainApiKey::parse(key.reveal()).expect("what was a key stays one");
        assert_eq!(again.digest(), key.digest());
        assert!(!format!("{key:?}").contains(text));
    }
    // Random strings are hardly ever keys. So each input also makes a valid key, and a damaged copy of it.
    let mut random = [0; 32];
    for (place, byte) in random.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    let key = PlainApiKey::from_random(random);
    assert_eq!(
        PlainApiKey::parse(key.reveal()).map(|key| key.digest()),
        Some(key.digest())
    );
    if let Some(last) = text.bytes().last() {
        let mut damaged = key.reveal().as_bytes().to_vec();
        let at = 8 + usize::from(last) % (damaged.len() - 8);
        damaged[at] = if damaged[at] == b'7' { b'8' } else { b'7' };
        let damaged = String::from_utf8(damaged).expect("ASCII stays ASCII");
        assert!(PlainApiKey::parse(&damaged).is_none(), "{damaged}");
    }
});
