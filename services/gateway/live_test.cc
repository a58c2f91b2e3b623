// The dialogues once more, over TCP and real TLS, by the script that plays them against any
// gateway.

#include <gtest/gtest.h>

#include <cstdlib>

#include "common/net/test_pair.h"
#include "gateway/fakes.h"
#include "gateway/server.h"

namespace staffetta::gateway {
namespace {

Co<void> StartOnLoop(SmtpServer* server, absl::Status* status) {
  *status = server->Start();
  co_return;
}

TEST(LiveDialogues, GoAsWritten) {
  const net::TestDirectory directory;
  Options options;
  options.ports = {0};
  options.address = "127.0.0.1";
  options.session.hostname = "relay.example";
  options.tls_certificate = directory.File("tls.crt");
  options.tls_key = directory.File("tls.key");
  ASSERT_TRUE(
      net::EnsureSelfSigned(options.tls_certificate, options.tls_key, "relay.example").ok());
  FakeBackends backends;
  const Runtime runtime(2);
  SmtpServer server(runtime, options, backends.all());
  absl::Status status;
  runtime.Block(StartOnLoop(&server, &status));
  ASSERT_TRUE(status.ok()) << status;
  const std::string command = std::string(DIALOGUES) + "/live 127.0.0.1 " +
                              std::to_string(server.ports().front()) +
                              " s1_0 secret ann@example.com";
  EXPECT_EQ(std::system(command.c_str()), 0);
  runtime.Block(server.Stop());
}

}  // namespace
}  // namespace staffetta::gateway
