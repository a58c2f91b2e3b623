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
  options.listeners = {{}};
  options.address = "127.0.0.1";
  options.session.hostname = "relay.example";
  const net::CertificateFiles files{directory.File("tls.crt"), directory.File("tls.key")};
  options.certificates = {files};
  ASSERT_TRUE(net::EnsureSelfSigned(files.certificate, files.key, "relay.example").ok());
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
