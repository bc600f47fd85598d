//! What a device's folder has in it.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn board(kind: Kind) -> Board {
    Board {
        kind,
        latch: (kind == Kind::Lock).then_some((0, PowerOn::Unlocked)),
        endpoint: "x-ats.iot.us-east-1.amazonaws.com".to_owned(),
        authority: "CA".to_owned(),
    }
}

#[test]
fn names_of_files_fit_the_device_and_differ() {
    let long = "a".repeat(128);
    let same = format!("{}b", &long[..127]);
    for name in [
        "a",
        "front-door",
        &"d".repeat(23),
        &"d".repeat(24),
        &long,
        &same,
    ] {
        let folder = Folder::new(Path::new("devices"), name);
        for file in [folder.certificate(), folder.key()] {
            assert!(file.len() <= FILE_NAME_CHARS_MAX, "{file}");
        }
    }
    let of = |name: &str| Folder::new(Path::new("devices"), name).key();
    assert_ne!(of(&long), of(&same));
    assert_eq!(of("front-door"), "front-door.key.pem");
}

#[test]
fn the_settings_are_those_of_the_example_and_stay_if_changed() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = Folder::new(&parent.path().join("devices"), "lock-1");
    assert!(
        folder
            .write_rest(&board(Kind::Lock))
            .expect("written")
            .is_empty()
    );
    let text = folder.read(SETTINGS).expect("read").expect("settings");
    let settings: Value = serde_json::from_str(&text).expect("JSON");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../firmware/conf9.example.json");
    let example = fs::read_to_string(path).expect("the example");
    let example: Value = serde_json::from_str(&example).expect("JSON");
    for (section, keys) in settings.as_object().expect("sections") {
        for key in keys.as_object().expect("keys").keys() {
            let is_known = !example[section][key].is_null() || key == "ssl_ca_cert";
            assert!(is_known, "{section}.{key}");
        }
    }
    assert_eq!(
        settings["mqtt"]["server"],
        "x-ats.iot.us-east-1.amazonaws.com:8883"
    );
    assert_eq!(settings["lock"]["power_on"], "unlocked");
    assert!(
        folder
            .write_rest(&board(Kind::Lock))
            .expect("written")
            .is_empty()
    );

    fs::write(folder.path().join(SETTINGS), "{}").expect("changed");
    let kept = folder.write_rest(&board(Kind::Lock)).expect("written");
    assert!(kept[0].contains("conf9.json stays"), "{kept:?}");
    assert_eq!(folder.read(SETTINGS).expect("read").as_deref(), Some("{}"));
}

#[test]
fn only_its_owner_may_read_a_key() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = Folder::new(parent.path(), "lock-1");
    assert_eq!(folder.read(&folder.key()).expect("read"), None);
    folder.write_key("K").expect("written");
    let path = folder.path().join(folder.key());
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(folder.path()), 0o700);
    fs::write(folder.path().join("lock-1.key.pem.tmp"), "draft").expect("a draft");
    folder.write_key("L").expect("written again");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        folder.read(&folder.key()).expect("read").as_deref(),
        Some("L")
    );
    folder
        .move_to(&folder.key(), &folder.inner("old"))
        .expect("moved");
    assert_eq!(folder.read(&folder.key()).expect("read"), None);
    assert_eq!(mode(&folder.path().join("old/lock-1.key.pem")), 0o600);
}

#[test]
fn the_readme_names_each_file_that_the_board_needs() {
    let folder = Folder::new(Path::new("devices"), "lock-1");
    let text = folder.readme(&board(Kind::Button));
    for file in ["ca.pem", "lock-1.crt.pem", "lock-1.key.pem", "conf9.json"] {
        assert!(text.contains(&format!("$ mos put {file}\n")), "{text}");
    }
    let text = folder.readme(&board(Kind::GenuineButton));
    assert!(
        !text.contains("mos") && text.contains("lock-1.crt.pem"),
        "{text}"
    );
}
