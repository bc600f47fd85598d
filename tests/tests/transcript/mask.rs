//! What differs from run to run, masked: numbers, ids and the beginnings of certificates' ids, and
//! the folder of the test.
//!
//! The digits of a name stay: those after a letter and a hyphen, as in `lock-1`.

/// Masks one text.
pub fn mask(text: &str, folder: &str) -> String {
    let text = text.replace(folder, "FOLDER");
    let mut masked = String::new();
    let (mut word, mut before) = (String::new(), String::new());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '-' {
            word.push(c);
            continue;
        }
        masked += &mask_word(&word, &before);
        if !word.is_empty() {
            before = std::mem::take(&mut word);
        }
        masked.push(c);
    }
    masked += &mask_word(&word, &before);
    // An age may pass two minutes on a busy machine.
    for unit in ["min", "h"] {
        masked = masked.replace(&format!("# {unit} ago"), "# s ago");
    }
    masked
}

/// Masks a word; `before` is the one before it.
fn mask_word(word: &str, before: &str) -> String {
    let is_hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_begin = word.len() == 12 && before == "certificate";
    if is_hex && (word.len() >= 32 || is_begin) {
        return "ID".to_owned();
    }
    let mut masked = String::new();
    let mut is_name = false;
    let mut last = ['\0'; 2];
    for c in word.chars() {
        let begins = c.is_ascii_digit() && !last[1].is_ascii_digit();
        if begins {
            is_name = last[1] == '-' && last[0].is_ascii_alphabetic();
        }
        match c {
            _ if !c.is_ascii_digit() || is_name => masked.push(c),
            _ if begins => masked.push('#'),
            _ => {}
        }
        last = [last[1], c];
    }
    masked
}

#[test]
fn numbers_and_ids_are_masked_and_names_are_not() {
    let id = "a".repeat(64);
    for (text, wanted) in [
        ("lock-1 at 2026-11-22 14:03:21", "lock-1 at #-#-# #:#:#"),
        ("unlock v1763779512345 after 0.4 s", "unlock v# after #.# s"),
        ("http://127.0.0.1:4711", "http://#.#.#.#:#"),
        ("acknowledged 3 min ago", "acknowledged # s ago"),
        ("us-east-1, 123456789012", "us-east-1, #"),
        (id.as_str(), "ID"),
        ("certificate 3ea1c5f70b12,", "certificate ID,"),
        ("account 123456789012", "account #"),
        ("67e55044-10b1-426f-9247-bb680e5fe0c8", "ID"),
        ("/tmp/x/data is empty", "FOLDER/data is empty"),
    ] {
        assert_eq!(mask(text, "/tmp/x"), wanted);
    }
}
