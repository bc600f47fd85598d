//! From a schedule to a function, with minutes made short.

use local_cloud::{EventKind, LocalCloud, StartError};

use crate::world::{Client, event, options, thing};

#[tokio::test]
async fn a_schedule_invokes_its_function_every_period() {
    let mut options = options();
    options.time_scale = 0.01;
    let cloud = LocalCloud::start(options).await.unwrap();
    let mut events = cloud.subscribe();
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("answer/clock").await;
    for _ in 0..2 {
        let (_, answer) = client.json().await;
        assert_eq!(answer["answer"], "nehw");
        let at = answer["event"]["at"].as_str().unwrap_or_default();
        assert!(at.starts_with("20") && at.ends_with('Z'), "{answer}");
    }
    let name = event(&mut events, "schedule", |kind| match kind {
        EventKind::Scheduled { schedule, .. } => Some(schedule.clone()),
        _ => None,
    })
    .await;
    assert_eq!(name, "EchoFunctionMinutely");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_time_scale_that_time_cannot_have_is_refused() {
    for time_scale in [0.0, -1.0, f64::NAN, 1.5] {
        let mut options = options();
        options.time_scale = time_scale;
        let refused = LocalCloud::start(options).await.err();
        assert!(
            matches!(refused, Some(StartError::TimeScale(_))),
            "{time_scale}"
        );
    }
}
