//! `AWS::Lambda::Function` and its relatives, runtimes, inline code and layers.

use super::*;

const PLAIN: &str = "  EarsRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/SomethingNew']
  Ears:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.hear
      Role: !GetAtt EarsRole.Arn
      Layers: [!Ref Shared]
      Code: {ZipFile: 'def hear(event, context): return event'}
  Shared:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: shared, LayerName: words}
  One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Ears}}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !GetAtt Ears.Arn, FunctionVersion: !GetAtt One.Version, Name: live}
  Allow:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref One
      Action: lambda:InvokeFunction
      Principal: iot.amazonaws.com
  Received:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'a'
        Actions: [{Lambda: {FunctionArn: !Ref Live}}, {Lambda: {FunctionArn: !Ref One}}]
";

// AWS same(template): AWS::Lambda::Function with inline code or a local folder, its Version and
//     Alias, layers of both kinds
#[test]
fn a_function_of_cloudformation_has_versions_aliases_and_layers() {
    let template = resources(PLAIN).unwrap();
    let function = &template.functions[0];
    assert_eq!(
        (function.name.as_str(), function.binary.as_str()),
        ("my-home-Ears", "Ears")
    );
    assert_eq!(function.runtime, "python3.12");
    assert_eq!(function.interpreter(), Some(Interpreter::Python));
    assert!(
        function
            .inline_code
            .as_ref()
            .is_some_and(|code| code.starts_with("def hear"))
    );
    assert_eq!(
        (function.published, function.alias.as_deref()),
        (true, Some("live"))
    );
    assert_eq!(
        (function.max_retries, function.max_event_age_s),
        (2, 21_600)
    );
    let layer = "arn:aws:lambda:us-east-1:123456789012:layer:words:1";
    assert_eq!(function.layers, [layer]);
    let expected = Layer {
        logical_id: "Shared".to_owned(),
        arn: layer.to_owned(),
        content_uri: "shared".to_owned(),
        is_source: false,
    };
    assert_eq!(template.layers, [expected]);
    assert_eq!(function.permissions[0].qualifier.as_deref(), Some("1"));
    let arns: Vec<String> = ["live", "1"]
        .map(|q| format!("{}:{q}", function.arn))
        .into();
    let actions = template.rules[0].actions.iter();
    let targets: Vec<String> = actions
        .map(|action| match action {
            Action::Lambda { function_arn } => function_arn.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(targets, arns);
}

#[test]
fn code_is_a_folder_or_in_a_bucket() {
    let folder = PLAIN.replace(
        "{ZipFile: 'def hear(event, context): return event'}",
        "./ears",
    );
    let template = resources(&folder).unwrap();
    assert_eq!(template.functions[0].code_uri, "./ears");
    assert_eq!(template.functions[0].inline_code, None);
    let none = THERMOSTAT.replacen("      CodeUri: lambdas/regulate\n", "", 1);
    let template = Template::parse("t.yaml", &none, &context(&[])).unwrap();
    assert_eq!(
        template.functions[0].code_uri, ".",
        "the folder of the template"
    );
    let bucket = folder.replace("Code: ./ears", "Code: {S3Bucket: heap, S3Key: ears.zip}");
    let template = resources(&bucket).unwrap();
    assert_eq!(template.functions[0].code_uri, "s3://heap/ears.zip");
}

#[test]
fn what_is_not_run_is_refused_with_its_place() {
    for (from, to, expected) in [
        (
            "Runtime: python3.12",
            "Runtime: provided.al2023",
            "Ears: Runtime cannot be \"provided.al2023\": only code of Python and Node can be",
        ),
        (
            "{ZipFile: 'def hear(event, context): return event'}",
            "{ImageUri: x}",
            "Ears: property Code.ImageUri is not supported: container images are not run",
        ),
        (
            "Handler: index.hear",
            "Handlr: index.hear",
            "Ears: unknown property Handlr: did you mean Handler?",
        ),
        (
            "Handler: index.hear",
            "Handler: index.hear\n      DeadLetterConfig: {TargetArn: x}",
            "Ears: property DeadLetterConfig is not supported: use AWS::Lambda::EventInvokeConfig",
        ),
        (
            "!GetAtt One.Version",
            "'7'",
            "Live: FunctionVersion cannot be \"7\": a function has one version here",
        ),
        (
            "  Allow:",
            "  Other:\n    Type: AWS::Lambda::Alias\n    Properties: {FunctionName: !Ref Ears, \
             FunctionVersion: '1', Name: other}\n  Allow:",
            "Other: Name cannot be \"other\": the function has the alias live",
        ),
        (
            "      Role: !GetAtt EarsRole.Arn\n",
            "",
            "Ears: property Role is missing",
        ),
    ] {
        assert!(PLAIN.contains(from), "{from}");
        let message = resources(&PLAIN.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(expected),
            "{to}\n gave {message}\n want {expected}"
        );
    }
}

// AWS same(template): runtimes provided.al2, provided.al2023, python3.N and nodejsN.x; InlineCode
// AWS absent(template): container images; refused with file, line and advice
#[test]
fn a_serverless_function_has_inline_code_and_layers() {
    let text = "  Shared:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.12}
    Properties: {ContentUri: shared}
  Ears:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: esbuild}
    Properties:
      Runtime: nodejs22.x
      Handler: index.hear
      InlineCode: exports.hear = async () => 1
      Layers: [!Ref Shared, 'arn:aws:lambda:us-east-1:1:layer:other:2']
      Policies: [AmazonDynamoDBFullAccess, {S3ReadPolicy: {BucketName: x}}]
";
    let template = resources(text).unwrap();
    let function = &template.functions[0];
    assert_eq!(function.interpreter(), Some(Interpreter::Node));
    assert_eq!(
        function.inline_code.as_deref(),
        Some("exports.hear = async () => 1")
    );
    assert_eq!(function.layers[0], template.layers[0].arn);
    assert_eq!(function.layers.len(), 2);
    assert!(template.layers[0].is_source);
    assert_eq!(function.role_policies[0], "AmazonDynamoDBFullAccess");
    let old = text.replace("nodejs22.x", "provided.al2");
    assert!(resources(&old).is_err(), "inline code of an executable");
}

// Whether a runtime can be run is for who starts the functions, as somebody else may do it.
#[test]
fn any_runtime_and_any_code_is_read() {
    for (runtime, method, code, is_executable) in [
        ("java11", "gradle", "s3://heap/ears.zip", false),
        ("go1.x", "go1.x", "ears", false),
        ("python2.7", "makefile", "ears.py", false),
        ("provided.al2", "makefile", "ears", true),
        ("provided.al2023", "dotnet7", "ears", true),
    ] {
        let metadata = format!("    Metadata: {{BuildMethod: {method}}}\n");
        let properties = format!("{{Runtime: {runtime}, Handler: a.B, CodeUri: '{code}'}}");
        let text = format!(
            "  Ears:\n    Type: AWS::Serverless::Function\n{metadata}    Properties: {properties}\n"
        );
        let template = resources(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let function = &template.functions[0];
        assert_eq!(function.runtime, runtime);
        assert_eq!((&*function.binary, &*function.code_uri), ("Ears", code));
        assert_eq!(function.interpreter(), None, "{runtime}");
        assert_eq!(function.is_executable(), is_executable, "{runtime}");
    }
}

// AWS different(template): AWS has certain versions of python3.N and nodejsN.x; here any N is
//     accepted, the interpreter of the machine runs it, and the start warns if its version differs
#[test]
fn an_interpreter_is_known_by_its_runtime() {
    for (runtime, expected) in [
        ("python3.9", Some((Interpreter::Python, "3.9"))),
        ("nodejs12.x", Some((Interpreter::Node, "12"))),
        ("nodejs99.x", Some((Interpreter::Node, "99"))),
        ("python3.99", Some((Interpreter::Python, "3.99"))),
        ("python2.7", None),
        ("python3.x", None),
        ("nodejs", None),
        ("provided.al2", None),
    ] {
        assert_eq!(Interpreter::of(runtime), expected, "{runtime}");
    }
}

#[test]
fn an_image_is_refused_with_advice() {
    let sam = "  Ears:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: ears}
    Properties:
      PackageType: Image
";
    let plain = sam.replace("Serverless", "Lambda");
    for (text, code) in [(sam, "CodeUri"), (plain.as_str(), "Code")] {
        let message = resources(text).unwrap_err().to_string();
        let expected = format!(
            "t.yaml:7:20: Ears: PackageType cannot be \"Image\": container images are not run \
             here: give the code as a folder ({code}) with Runtime and Handler, \
             and remove PackageType"
        );
        assert_eq!(message, expected);
    }
    let zip = sam.replace(
        "Image\n",
        "Zip\n      Runtime: python3.12\n      Handler: a.b\n",
    );
    let zip =
        format!("{zip}      CodeUri: ears\n").replace("    Metadata: {DockerContext: ears}\n", "");
    assert_eq!(resources(&zip).unwrap().functions.len(), 1);
}
