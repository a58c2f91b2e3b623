#include "cli/cli_fixture.h"
#include "staffetta/gateway/v1/gateway.grpc.pb.h"

namespace staffetta::cli {
namespace {

namespace pb = ::staffetta::gateway::v1;
using testing::HasSubstr;

class FakeEdge final : public pb::EdgeService::Service {
 public:
  grpc::Status GetEdgeStatus(grpc::ServerContext* context, const pb::GetEdgeStatusRequest*,
                             pb::GetEdgeStatusResponse* response) override {
    for (const uint32_t number : {25, 587, 1025, 1026, 1027}) {
      pb::Port& port = *response->add_ports();
      port.set_port(number);
      port.set_tls(number == 25 ? pb::TLS_MODE_REQUIRED : pb::TLS_MODE_OPTIONAL);
    }
    auto* skipped = response->add_skipped_ports();
    skipped->set_port(80);
    skipped->set_reason("in use");
    auto* certificate = response->add_certificates();
    certificate->set_file("/etc/tls.crt");
    certificate->add_names("relay.example");
    certificate->mutable_expire_time()->set_seconds(1'800'000'000);
    response->set_sessions(3);
    response->set_max_sessions(10);
    return CheckKey(*context);
  }
};

class EdgeCommandsTest : public CliTest {
 protected:
  EdgeCommandsTest() { Serve({&edge_}); }

  FakeEdge edge_;
};

// SPEC S1
TEST_F(EdgeCommandsTest, Status_ShowsPortsInRanges) {
  const Outcome outcome = Call({"edge", "status"});
  EXPECT_EQ(outcome.out,
            "5 ports are open.\n"
            "PORTS      TLS       PROXY\n"
            "25         required  no\n"
            "587        optional  no\n"
            "1025-1027  optional  no\n"
            "\n"
            "SKIPPED  WHY\n"
            "80       in use\n"
            "\n"
            "CERTIFICATE   EXPIRES               NAMES\n"
            "/etc/tls.crt  2027-01-15T08:00:00Z  relay.example\n"
            "\n"
            "Sessions: 3 of 10; content in memory: 0 of 0 bytes.\n")
      << outcome.err;
}

TEST_F(EdgeCommandsTest, StatusAsJson_HasEachPort) {
  EXPECT_THAT(Call({"edge", "status", "--json"}).out, HasSubstr("\"port\":1026"));
}

}  // namespace
}  // namespace staffetta::cli
