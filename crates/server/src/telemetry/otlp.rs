//! Traces of requests and of calls to carriers, sent to an OTLP collector over HTTP.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;

use anyhow::Context as _;
use axum::body::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

/// What sends the traces of this process.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What turns spans into traces for the collector at `endpoint`, `http://127.0.0.1:4318`. Needs a runtime around it.
pub(super) fn layer<S>(endpoint: &str) -> anyhow::Result<OpenTelemetryLayer<S, SdkTracer>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let http = OnRuntime { runtime: Handle::current(), client: app::guard::client(true)? };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()
        .context("the exporter of traces cannot be made")?;
    let resource = Resource::builder().with_service_name("waybill").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let tracer = provider.tracer("waybill");
    drop(PROVIDER.set(provider));
    Ok(tracing_opentelemetry::layer().with_tracer(tracer))
}

/// Makes a span part of the trace that the caller began, if its headers name one.
pub(super) fn adopt(span: &Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // An error means that nobody records this span.
    drop(span.set_parent(parent));
}

/// Sends what is left.
pub(super) fn end() {
    if let Some(Err(error)) = PROVIDER.get().map(SdkTracerProvider::shutdown) {
        eprintln!("waybill: the last traces were not sent: {error}");
    }
}

/// The exporter's own thread has no runtime, so it sends on ours.
struct OnRuntime {
    runtime: Handle,
    client: reqwest::Client,
}

impl fmt::Debug for OnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRuntime").finish_non_exhaustive()
    }
}

impl HttpClient for OnRuntime {
    fn send_bytes<'this, 'sent>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'this: 'sent,
        Self: 'sent,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let mut bytes = Response::new(answer.bytes().await?);
            *bytes.status_mut() = status;
            Ok(bytes)
        });
        Box::pin(async move { sent.await? })
    }
}
