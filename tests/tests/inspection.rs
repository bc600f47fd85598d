//! What an operator's programs read of a running stack, with the clients of the AWS SDK: outputs,
//! functions, alarms, metrics, queues.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, StateValue};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use aws_sdk_sqs::types::QueueAttributeName;
use e2e::World;
use serde_json::Value;

/// How long a state may take to come. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
const STACK: &str = "remote-lock";

/// An output of the stack.
async fn output(world: &World, name: &str) -> Result<String> {
    let call = world.cloudformation().describe_stacks().stack_name(STACK);
    let answer = call.send().await.context("describe the stack")?;
    let stack = answer.stacks().first().context("no stack")?;
    let mut outputs = stack.outputs().iter();
    let found = outputs.find(|output| output.output_key() == Some(name));
    let value = found.and_then(|output| output.output_value());
    Ok(value.with_context(|| format!("no output {name}"))?.into())
}

#[tokio::test]
async fn a_client_reads_the_stack_and_its_functions() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    let call = world.cloudformation().describe_stacks().stack_name(STACK);
    let answer = call.send().await.context("describe the stack")?;
    let stack = answer.stacks().first().context("no stack")?;
    let status = stack.stack_status().map(|status| status.as_str());
    assert_eq!(status, Some("CREATE_COMPLETE"));
    assert!(stack.creation_time().is_some());
    let parameters = stack.parameters().iter();
    let names: Vec<_> = parameters.filter_map(|p| p.parameter_key()).collect();
    assert!(names.contains(&"LockNamePattern"), "{names:?}");
    assert_eq!(output(&world, "TableName").await?, world.at("table"));
    let other = world.cloudformation().describe_stacks().stack_name("other");
    let other = other
        .send()
        .await
        .err()
        .context("a stack of another name")?;
    assert_eq!(other.code(), Some("ValidationError"));
    assert_eq!(other.message(), Some("Stack with id other does not exist"));

    let lambda = world.lambda();
    for name in ["PressFunctionName", "ReportFunctionName"] {
        let name = output(&world, name).await?;
        let call = lambda.get_function_configuration().function_name(&name);
        let function = call.qualifier("live").send().await;
        let function = function.with_context(|| format!("read {name}"))?;
        assert_eq!(function.state(), Some(&State::Active));
        let last = function.last_update_status();
        assert_eq!(last, Some(&LastUpdateStatus::Successful));
        assert_eq!(function.version(), Some("1"));
        assert!(function.code_sha256().is_some_and(|hash| hash.len() == 44));
        let alias = lambda.get_alias().function_name(&name).name("live");
        assert_eq!(alias.send().await?.function_version(), Some("1"));
        let policy = lambda.get_policy().function_name(&name).qualifier("live");
        let policy = policy.send().await.context("read the policy")?;
        let policy: Value = serde_json::from_str(policy.policy().unwrap_or_default())?;
        let statements = policy["Statement"].as_array().context("no statements")?;
        let is_of_rule = |one: &Value| {
            let source = &one["Condition"]["ArnLike"]["AWS:SourceArn"];
            one["Principal"]["Service"] == "iot.amazonaws.com"
                && source.as_str().is_some_and(|arn| arn.contains(":rule/"))
        };
        ensure!(statements.iter().any(is_of_rule), "{policy:#}");
        let missing = lambda.get_alias().function_name(&name).name("dead");
        let missing = missing.send().await.err().context("an alias `dead`")?;
        assert_eq!(missing.code(), Some("ResourceNotFoundException"));
    }
    Ok(())
}

/// Waits until the alarm of this name has this state.
async fn until_alarm(world: &World, name: &str, state: StateValue) -> Result<()> {
    let seen = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let call = world.cloudwatch().describe_alarms();
            let call = call.state_value(state.clone()).alarm_names(name);
            let answer = call.send().await.context("describe the alarm")?;
            if let Some(alarm) = answer.metric_alarms().first() {
                ensure!(alarm.alarm_name() == Some(name), "{alarm:?}");
                return Ok(());
            }
        }
    };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    seen.with_context(|| format!("{name} is never {state:?}"))?
}

/// Number of the visible messages of a queue.
async fn depth(world: &World, url: &str) -> Result<String> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let call = world.sqs().get_queue_attributes().queue_url(url);
    let answer = call.attribute_names(name.clone()).send().await?;
    let depth = answer.attributes().and_then(|all| all.get(&name));
    depth.cloned().context("no depth")
}

#[tokio::test]
async fn a_client_reads_queues_and_alarms() -> Result<()> {
    let arguments = ["--memory", "--no-button-devices", "--time-scale", "0.02"];
    let world = World::start_with(&arguments).await?;
    let every = world.cloudwatch().describe_alarms().max_records(5);
    let pages = every.into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await?;
    let sizes: Vec<usize> = pages.iter().map(|p| p.metric_alarms().len()).collect();
    let (last, full) = sizes.split_last().context("no pages")?;
    ensure!(
        !full.is_empty() && full.iter().all(|size| *size == 5),
        "{sizes:?}"
    );
    ensure!((1..=5).contains(last), "{sizes:?}");
    let alarm = format!("{STACK}-poison-queue");
    until_alarm(&world, &alarm, StateValue::Ok).await?;
    let url = output(&world, "PoisonQueueUrl").await?;
    assert_eq!(depth(&world, &url).await?, "0");
    let send = world.sqs().send_message().queue_url(&url);
    send.message_body("unreadable").send().await?;
    assert_eq!(depth(&world, &url).await?, "1");
    until_alarm(&world, &alarm, StateValue::Alarm).await?;
    let receive = world.sqs().receive_message().queue_url(&url);
    let received = receive.visibility_timeout(600).send().await?;
    let message = received.messages().first().context("no message")?;
    assert_eq!(message.body(), Some("unreadable"));
    let receipt = message.receipt_handle().context("no receipt")?;
    let delete = world.sqs().delete_message().queue_url(&url);
    delete.receipt_handle(receipt).send().await?;
    until_alarm(&world, &alarm, StateValue::Ok).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_reads_the_metrics_of_a_function() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    // The report at the start is an invocation.
    world.until_settled("lock-1", "locked").await?;
    let name = output(&world, "ReportFunctionName").await?;
    let dimension = Dimension::builder().name("FunctionName").value(&name);
    let query = |id: &str, metric: &str| {
        let metric = Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(metric)
            .dimensions(dimension.clone().build());
        let stat = MetricStat::builder().period(60).stat("Sum");
        let stat = stat.metric(metric.build()).build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let now = SystemTime::now();
    let call = world.cloudwatch().get_metric_data();
    let call = call
        .metric_data_queries(query("calls", "Invocations"))
        .metric_data_queries(query("errors", "Errors"))
        .start_time(DateTime::from(now - Duration::from_secs(900)))
        .end_time(DateTime::from(now + Duration::from_secs(60)));
    let answer = call.send().await.context("read the metrics")?;
    let series = answer.metric_data_results();
    let ids: Vec<_> = series.iter().filter_map(|series| series.id()).collect();
    assert_eq!(ids, ["calls", "errors"]);
    let sum = |number: usize| series[number].values().iter().sum::<f64>();
    assert!(sum(0) >= 1.0, "{series:?}");
    assert!(sum(1).abs() < f64::EPSILON, "{series:?}");
    assert_eq!(series[0].timestamps().len(), series[0].values().len());
    Ok(())
}
