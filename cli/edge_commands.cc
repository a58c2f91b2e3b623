#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "staffetta/gateway/v1/gateway.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::gateway::v1;

// "1025-5000": ports in a row that are alike.
struct Ports {
  pb::Port first;
  uint32_t last = 0;

  std::string ToString() const {
    return first.port() == last ? absl::StrCat(last) : absl::StrCat(first.port(), "-", last);
  }
};

std::vector<Ports> InRanges(const google::protobuf::RepeatedPtrField<pb::Port>& ports) {
  std::vector<Ports> ranges;
  for (const pb::Port& port : ports) {
    if (!ranges.empty() && ranges.back().last + 1 == port.port() &&
        ranges.back().first.tls() == port.tls() && ranges.back().first.proxy() == port.proxy()) {
      ranges.back().last = port.port();
    } else {
      ranges.push_back({port, port.port()});
    }
  }
  return ranges;
}

absl::Status ShowStatus(Session& session) {
  const auto response =
      session.Call(&pb::EdgeService::Stub::GetEdgeStatus, pb::GetEdgeStatusRequest());
  if (!response.ok()) return response.status();
  return session.Print(*response, [&](std::ostream& out) {
    Table ports({"PORTS", "TLS", "PROXY"});
    for (const Ports& range : InRanges(response->ports())) {
      ports.Add({range.ToString(), Word(range.first.tls()), range.first.proxy() ? "yes" : "no"});
    }
    out << response->ports_size() << " ports are open.\n" << ports;
    if (response->skipped_ports_size() > 0) {
      Table skipped({"SKIPPED", "WHY"});
      for (const pb::SkippedPort& port : response->skipped_ports()) {
        skipped.Add({absl::StrCat(port.port()), port.reason()});
      }
      out << "\n" << skipped;
    }
    Table certificates({"CERTIFICATE", "EXPIRES", "NAMES"});
    for (const pb::Certificate& certificate : response->certificates()) {
      certificates.Add({certificate.file(),
                        Time(certificate.has_expire_time(), certificate.expire_time()),
                        List(certificate.names())});
    }
    out << "\n"
        << certificates << "\nSessions: " << response->sessions() << " of "
        << response->max_sessions() << "; content in memory: " << response->memory_bytes() << " of "
        << response->max_memory_bytes() << " bytes.\n";
  });
}

}  // namespace

void AddEdgeCommands(CommandTable* table) {
  CLI::App* edge = table->Group("edge", "The SMTP edge");
  table->Add(edge, "status", "Show open ports, certificates, sessions and memory", ShowStatus);
}

}  // namespace staffetta::cli
