//! Addresses of the services, fixed when the process starts. Must not know: what is called there.
//!
//! The SDK's own rules cover every region and variant, and would be evaluated in each call.

use aws_smithy_runtime_api::client::endpoint::{
    EndpointFuture, EndpointResolverParams, ResolveEndpoint, SharedEndpointResolver,
};
use aws_smithy_types::endpoint::Endpoint;

/// Beginnings of the names of regions outside the common domain, and their domains. The test
/// compares them with the SDK's own table.
const DOMAINS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// The address of one service: `https://dynamodb.eu-west-1.amazonaws.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl Address {
    /// The given address, or else that of the service of AWS in this region.
    pub fn new(given: Option<&String>, service: &str, region: &str) -> Self {
        Self(given.cloned().unwrap_or_else(|| {
            let service = match (service, region) {
                // The one region whose address has another form.
                ("data-ats.iot", "cn-north-1") => "data.ats.iot",
                _ => service,
            };
            let domain = domain_of(region);
            format!("https://{service}.{region}.{domain}")
        }))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether connections to it use TLS.
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The address without a path.
    pub fn origin(&self) -> &str {
        let host = self.0.find("://").map_or(0, |at| at + 3);
        let path = self.0[host..].find('/');
        &self.0[..path.map_or(self.0.len(), |at| host + at)]
    }

    /// A resolver with this one answer, for a client.
    pub fn to_resolver(&self) -> SharedEndpointResolver {
        SharedEndpointResolver::new(Fixed(Endpoint::builder().url(self.0.clone()).build()))
    }
}

fn domain_of(region: &str) -> &'static str {
    let other = DOMAINS.iter().find(|(begin, _)| region.starts_with(begin));
    other.map_or("amazonaws.com", |(_, domain)| domain)
}

#[derive(Debug)]
struct Fixed(Endpoint);

impl ResolveEndpoint for Fixed {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regions of each partition, a new one, and one that the SDK does not know.
    const REGIONS: [&str; 14] = [
        "eu-west-1",
        "us-east-1",
        "mx-central-1",
        "ap-southeast-7",
        "us-gov-west-1",
        "us-gov-east-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "zz-nowhere-9",
    ];

    /// The address that the SDK's own rules give.
    macro_rules! by_rules {
        ($sdk:ident, $region:ident) => {{
            use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
            let params = Params::builder().region($region.to_owned()).build();
            let params = params.expect("a region is enough");
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await;
            Address(endpoint.expect("an endpoint").url().to_owned())
        }};
    }

    #[tokio::test]
    async fn an_address_in_aws_is_the_one_that_the_sdk_finds() {
        for region in REGIONS {
            let address = |service| Address::new(None, service, region);
            let dynamodb = by_rules!(aws_sdk_dynamodb, region);
            assert_eq!(address("dynamodb"), dynamodb);
            let iot_data = by_rules!(aws_sdk_iotdataplane, region);
            assert_eq!(address("data-ats.iot"), iot_data);
            assert_eq!(address("sns"), by_rules!(aws_sdk_sns, region));
            #[cfg(feature = "registry")]
            {
                assert_eq!(address("iot"), by_rules!(aws_sdk_iot, region));
                let cloudformation = by_rules!(aws_sdk_cloudformation, region);
                assert_eq!(address("cloudformation"), cloudformation);
                assert_eq!(address("lambda"), by_rules!(aws_sdk_lambda, region));
                assert_eq!(address("monitoring"), by_rules!(aws_sdk_cloudwatch, region));
                assert_eq!(address("sqs"), by_rules!(aws_sdk_sqs, region));
            }
        }
    }

    #[test]
    fn a_given_address_is_kept_and_its_origin_has_no_path() {
        for (given, is_tls, origin) in [
            ("https://127.0.0.1:8443", true, "https://127.0.0.1:8443"),
            ("http://localhost:8000/", false, "http://localhost:8000"),
            ("https://proxy/aws/dynamodb", true, "https://proxy"),
        ] {
            let address = Address::new(Some(&given.to_owned()), "dynamodb", "eu-west-1");
            let found = (address.as_str(), address.is_tls(), address.origin());
            assert_eq!(found, (given, is_tls, origin));
        }
    }
}
