#include "gateway/edge_rpc.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace staffetta::gateway {
namespace {

v1::TlsMode ModeOf(TlsPolicy policy) {
  switch (policy) {
    case TlsPolicy::kNone:
      return v1::TLS_MODE_NONE;
    case TlsPolicy::kOptional:
      return v1::TLS_MODE_OPTIONAL;
    case TlsPolicy::kRequired:
      return v1::TLS_MODE_REQUIRED;
    case TlsPolicy::kImplicit:
      return v1::TLS_MODE_IMPLICIT;
  }
  std::abort();
}

}  // namespace

EdgeRpc::EdgeRpc(Executor executor, std::string key,
                 std::function<std::optional<SmtpServer::Status>()> status)
    : status_(std::move(status)), dispatcher_(executor, std::move(key), "edge") {}

grpc::ServerUnaryReactor* EdgeRpc::GetEdgeStatus(grpc::CallbackServerContext* context,
                                                 const v1::GetEdgeStatusRequest* request,
                                                 v1::GetEdgeStatusResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &EdgeRpc::Get);
}

Co<absl::Status> EdgeRpc::Get(const v1::GetEdgeStatusRequest*,
                              v1::GetEdgeStatusResponse* response) {
  const auto status = status_();
  if (!status) co_return absl::UnavailableError("the edge is not open");
  for (const Listening& listening : status->open) {
    v1::Port& port = *response->add_ports();
    port.set_port(listening.port);
    port.set_tls(ModeOf(listening.tls));
    port.set_proxy(listening.proxy);
  }
  std::sort(response->mutable_ports()->begin(), response->mutable_ports()->end(),
            [](const v1::Port& a, const v1::Port& b) { return a.port() < b.port(); });
  for (const SmtpServer::Status::Skipped& skipped : status->skipped) {
    v1::SkippedPort& port = *response->add_skipped_ports();
    port.set_port(skipped.port.port);
    port.set_reason(skipped.why);
  }
  response->set_sessions(status->sessions);
  response->set_max_sessions(status->max_sessions);
  response->set_memory_bytes(status->memory_used);
  response->set_max_memory_bytes(status->max_memory);
  for (const net::CertificateInfo& info : status->certificates) {
    v1::Certificate& certificate = *response->add_certificates();
    certificate.set_file(info.file);
    for (const std::string& name : info.names) certificate.add_names(name);
    certificate.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(info.expires));
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::gateway
