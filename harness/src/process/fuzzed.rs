//! Properties of what a server says on its pipe: lines of ours are read as they were meant, and any other are none.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{Farewell, InsideReply, Ready, farewell_in};

/// The lines of a server: its first, its last, and answers between.
pub fn messages(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        comes_back::<Ready>(line);
        comes_back::<Farewell>(line);
        comes_back::<InsideReply>(line);
    }
    if let Some(farewell) = farewell_in(&text) {
        let line = serde_json::to_string(&farewell).expect("what was JSON is JSON again");
        assert_eq!(farewell_in(&format!("{text}\n{line}\n")), Some(farewell));
    }
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(line: &str) {
    let Ok(message) = serde_json::from_str::<T>(line) else { return };
    let again = serde_json::to_string(&message).expect("what was JSON is JSON again");
    assert_eq!(serde_json::from_str::<T>(&again).expect("what was written can be read"), message);
}
