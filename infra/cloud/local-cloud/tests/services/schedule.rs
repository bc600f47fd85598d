//! Functions invoked by schedules, with the time scaled down.

use local_cloud::metric::Key;
use local_cloud::{EventKind, LocalCloud, StartError};

use crate::world::{Client, DEADLINE, event, options, thing};

// AWS same(schedule): the function is invoked asynchronously with the Input, its <aws.scheduler.…>
//     keywords replaced
// AWS different(schedule): the first invocation comes at once; here it comes one period after the
//     start, and time_scale shortens the period
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

/// The sum of a metric of the Scheduler.
fn count(cloud: &LocalCloud, name: &str) -> f64 {
    let key = Key::new("AWS/Scheduler", name, &[("ScheduleGroup", "default")]);
    cloud.metrics().statistics(&key, 0, u64::MAX).sum
}

// AWS same(alarm): InvocationAttemptCount and TargetErrorCount of EventBridge Scheduler, for the
//     group default
// AWS same(schedule): an invocation needs the right of the schedule's role
// AWS different(schedule): a role's trust policy says who may assume it; here it is not evaluated
#[tokio::test]
async fn a_schedule_whose_role_may_not_invoke_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options();
    let text = std::fs::read_to_string(&options.template).unwrap();
    let expression = "            ScheduleExpression: rate(1 minute)\n";
    assert!(text.contains(expression));
    let role = "            RoleArn: !GetAtt RuleRole.Arn\n";
    let with_role = text.replace(expression, &format!("{role}{expression}"));
    // (what the role may do, whether the schedule invokes its function)
    for (action, invokes) in [("iot:Publish", false), ("lambda:InvokeFunction", true)] {
        let statement = format!(
            "            Statement:\n              - Effect: Allow\n\
             \x20               Action: {action}\n                Resource: '*'\n"
        );
        let old = "          PolicyDocument:\n            Version: '2012-10-17'\n\
                   \x20           Statement:\n";
        let new =
            format!("          PolicyDocument:\n            Version: '2012-10-17'\n{statement}");
        options.template = directory.path().join(format!("{invokes}.yaml"));
        let at = with_role.find("  RuleRole:").unwrap();
        let (before, after) = with_role.split_at(at);
        std::fs::write(
            &options.template,
            format!("{before}{}", after.replacen(old, &new, 1)),
        )
        .unwrap();
        options.time_scale = 0.01;
        let cloud = LocalCloud::start(options.clone()).await.unwrap();
        let mut events = cloud.subscribe();
        if invokes {
            let a = thing(&cloud, "a");
            let mut client = Client::connect(&cloud, "a", &a).await;
            client.subscribe("answer/clock").await;
            assert_eq!(client.json().await.1["answer"], "nehw");
        } else {
            let (role, statement) = event(&mut events, "a missing right", |kind| match kind {
                EventKind::MissingRight {
                    role, statement, ..
                } => Some((role.clone(), statement.clone())),
                _ => None,
            })
            .await;
            assert!(role.contains("RuleRole"), "{role}");
            assert!(statement.contains("lambda:InvokeFunction"), "{statement}");
        }
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while count(&cloud, "InvocationAttemptCount") == 0.0
            || (count(&cloud, "TargetErrorCount") > 0.0) == invokes
        {
            assert!(tokio::time::Instant::now() < deadline, "{invokes}");
            tokio::task::yield_now().await;
        }
        cloud.shutdown().await;
    }
}

#[tokio::test]
async fn an_invalid_time_scale_is_refused() {
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
