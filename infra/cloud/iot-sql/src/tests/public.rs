//! Statements of the shapes that the developer guide and public repositories have, with own names:
//! each with its output for one message.

use serde_json::{Value, json};

use super::{TOPIC, parse, run};

/// A message that most of the statements read something of.
fn message() -> Value {
    json!({
        "degrees": 17, "colour": "red", "wet": true, "door": "open", "at": 1000,
        "state": {"reported": {"on": true, "n": 3, "name": "hut"}, "desired": {"on": false}},
        "current": {"state": {"reported": {"lamp": {"on": "yes"}, "n": 4}}},
        "previous": {"state": {"reported": {"lamp": {"on": "no"}, "n": 3}}},
        "list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "pair": [47.6, -122.3],
        "text": "aGk=", "odd-key": {"in": {"deep": "x"}},
    })
}

// AWS same(rules): statements of the shapes in the guide's examples and in public repositories
#[test]
fn statements_of_public_shapes_have_their_output() {
    let all = message();
    let with = |added: &[(&str, Value)]| {
        let mut output = all.clone();
        for (key, value) in added {
            output[*key] = value.clone();
        }
        Some(output)
    };
    let rows: Vec<(&str, Option<Value>)> = vec![
        ("SELECT * FROM 'rooms/#'", Some(all.clone())),
        (
            "SELECT degrees FROM 'rooms/+/degrees'",
            Some(json!({"degrees": 17})),
        ),
        (
            "SELECT degrees AS d, colour as c FROM 'rooms/#'",
            Some(json!({"d": 17, "c": "red"})),
        ),
        (
            "SELECT *, 15 AS speed FROM 'rooms/#'",
            with(&[("speed", json!(15))]),
        ),
        (
            "SELECT state.reported.n AS n FROM 'rooms/#'",
            Some(json!({"n": 3})),
        ),
        (
            "SELECT state.reported.on FROM 'rooms/#'",
            Some(json!({"on": true})),
        ),
        (
            "SELECT degrees AS hut.degrees, wet AS hut.wet FROM 'rooms/#'",
            Some(json!({"hut": {"degrees": 17, "wet": true}})),
        ),
        (
            "SELECT (SELECT VALUE k FROM list) AS keys FROM 'rooms/#'",
            Some(json!({"keys": ["a", "b"]})),
        ),
        (
            "SELECT (SELECT v FROM list WHERE k = 'b') AS found FROM 'rooms/#'",
            Some(json!({"found": [{"v": 2}]})),
        ),
        (
            "SELECT get((SELECT VALUE k FROM list), 1) AS k FROM 'rooms/#' \
             WHERE regexp_matches(topic(2), '^kit')",
            Some(json!({"k": "b"})),
        ),
        (
            "SELECT VALUE state.desired FROM 'rooms/#'",
            Some(json!({"on": false})),
        ),
        (
            "SELECT {'lat': get(pair, 0), 'long': get(pair, 1)} AS place FROM 'rooms/#'",
            Some(json!({"place": {"lat": 47.6, "long": -122.3}})),
        ),
        (
            "SELECT [degrees, at] AS both FROM 'rooms/#'",
            Some(json!({"both": [17, 1000]})),
        ),
        (
            "SELECT CASE colour WHEN 'green' THEN 'go' WHEN 'red' THEN 'stop' ELSE 'dark' END \
             AS lamp FROM 'rooms/#'",
            Some(json!({"lamp": "stop"})),
        ),
        (
            "SELECT degrees AS d FROM 'rooms/#' WHERE degrees > 10 AND colour <> 'blue'",
            Some(json!({"d": 17})),
        ),
        (
            "SELECT degrees AS d FROM 'rooms/#' WHERE degrees > 50 OR NOT wet",
            None,
        ),
        ("SELECT NULL AS n FROM 'rooms/#'", Some(json!({"n": null}))),
        (
            "SELECT decode(text, 'base64') AS t FROM 'rooms/#'",
            Some(json!({"t": "hi"})),
        ),
        (
            "SELECT parse_time('yyyy-MM-dd', timestamp()) AS day FROM 'rooms/#'",
            Some(json!({"day": "2025-11-22"})),
        ),
        (
            "SELECT topic() AS t, topic(1) AS a, topic(2) AS b FROM 'rooms/+/degrees'",
            Some(json!({"t": TOPIC, "a": "rooms", "b": "kitchen"})),
        ),
        (
            "SELECT *, (timestamp() + 86400000) AS ttl FROM 'rooms/#'",
            with(&[("ttl", json!(1_763_865_912_345_u64))]),
        ),
        (
            "SELECT *, clientid() AS c, accountid() AS a FROM 'rooms/#'",
            with(&[("c", json!("sensor-1")), ("a", json!("123456789012"))]),
        ),
        (
            "SELECT encode(colour, 'base64') AS c FROM 'rooms/#'",
            Some(json!({"c": "cmVk"})),
        ),
        (
            "SELECT concat('huts/', regexp_replace(topic(), '^rooms/', '')) AS topic \
             FROM 'rooms/#'",
            Some(json!({"topic": "huts/kitchen/degrees"})),
        ),
        (
            "SELECT current.state.reported.lamp.on AS on, timestamp() AS at FROM 'rooms/#' \
             WHERE startswith(topic(2), 'kit') \
             AND current.state.reported.n <> previous.state.reported.n",
            Some(json!({"on": "yes", "at": 1_763_779_512_345_u64})),
        ),
        (
            "SELECT state.reported.*, state.desired.on AS wanted FROM 'rooms/#' \
             WHERE state.reported.n > 2",
            Some(json!({"on": true, "n": 3, "name": "hut", "wanted": false})),
        ),
        (
            "SELECT topic(2) AS room, * FROM 'rooms/#' WHERE NOT state.desired.on",
            with(&[("room", json!("kitchen"))]),
        ),
        (
            "SELECT door FROM 'rooms/#' WHERE startswith(topic(2), 'kit') = TRUE",
            Some(json!({"door": "open"})),
        ),
        (
            "SELECT door FROM 'rooms/#' WHERE wet",
            Some(json!({"door": "open"})),
        ),
        (
            "SELECT door FROM 'rooms/#' WHERE degrees % 2 = 1",
            Some(json!({"door": "open"})),
        ),
        ("SELECT door FROM 'rooms/#' WHERE 1", None),
        (
            "SELECT door FROM 'rooms/#' WHERE (degrees = 17) AND (at = 1000)",
            Some(json!({"door": "open"})),
        ),
        (
            "SELECT replace(colour, 'r', 'b') AS c, wet FROM 'rooms/#'",
            Some(json!({"c": "bed", "wet": true})),
        ),
        (
            "SELECT *, get_mqtt_property('content_type') AS kind FROM 'rooms/#'",
            with(&[("kind", json!("text/plain"))]),
        ),
        (
            "SELECT * AS said, topic(2) AS room FROM 'rooms/#'",
            Some(json!({"said": all, "room": "kitchen"})),
        ),
        (
            "SELECT door WHERE isUndefined(nothing) = true",
            Some(json!({"door": "open"})),
        ),
    ];
    for (sql, expected) in rows {
        assert_eq!(run(sql, &all), expected, "{sql}");
    }
}

#[test]
fn statements_on_reserved_topics_and_other_services_parse() {
    for (sql, filter) in [
        (
            "SELECT state.delta.on, version FROM '$aws/things/+/shadow/update/delta'",
            "$aws/things/+/shadow/update/delta",
        ),
        (
            "SELECT *, clientid() AS c, newuuid() AS id FROM '$aws/things/+/shadow/update'",
            "$aws/things/+/shadow/update",
        ),
        (
            "SELECT topic(3) AS thing, state.reported FROM \
             '$aws/things/+/shadow/name/+/update/accepted'",
            "$aws/things/+/shadow/name/+/update/accepted",
        ),
        (
            "SELECT * FROM '$aws/events/presence/connected/+' WHERE startswith(clientId, 'hut')",
            "$aws/events/presence/connected/+",
        ),
        (
            "SELECT * FROM \"$aws/things/hut/shadow/update\"",
            "$aws/things/hut/shadow/update",
        ),
        (
            "SELECT aws_lambda('arn:aws:lambda:us-east-1:123456789012:function:f', {'d': d}) AS r \
             FROM 'huts/#'",
            "huts/#",
        ),
        (
            "SELECT *, get_dynamodb('huts', 'pk', id, 'role').owner AS owner FROM 'huts/#'",
            "huts/#",
        ),
        (
            "SELECT * FROM 'huts/#' \
             WHERE get_thing_shadow('hut', 'role').state.reported.door = 'open'",
            "huts/#",
        ),
        ("SELECT * FROM '#'", "#"),
    ] {
        assert_eq!(parse(sql).topic_filter(), filter, "{sql}");
    }
}
